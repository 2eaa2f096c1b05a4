using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using Costate.Cli.Terminals;
using Costate.Faces;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Reports;
using Costate.Faces.Sampling;
using Costate.Studio;
using Costate.Studio.Forms;
using Costate.Studio.Jobs;
using TorchSharp;

namespace Costate.Cli.Commands.Studio;

/// <summary><c>costate studio</c>: a page in the browser over the other commands.</summary>
internal sealed class StudioCommand : DocumentedCommand
{
    private const int DefaultPort = 8017;

    private readonly Func<IReadOnlyList<string>, Terminal, CancellationToken, int> run;
    private readonly Option<int> port = CommonOptions.Whole(
        "--port", 0, IPEndPoint.MaxPort, $"The port to listen at; 0 is any that is free. [default: {DefaultPort}]", DefaultPort);
    private readonly Option<string?> model = CommonOptions.Text(
        "--model", "FILE|FOLDER",
        "A Stable Diffusion pipeline, a folder with model_index.json or a single file (.safetensors, .ckpt), in place of the embedded "
            + "text-to-image model. [default: the embedded models of drawn faces]");
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<int?> threads = CommonOptions.Threads(
        "Threads of torch for each job; one, where other programs compute too. [default: those of each command]");
    private readonly Option<string?> listen = CommonOptions.Text(
        "--listen", "ADDRESS",
        "Another address of this machine to listen at, such as 192.168.0.7, or 0.0.0.0 for all. Whoever reaches it and has the token can "
            + "run programs here, and the connection is not encrypted. [default: 127.0.0.1, this machine alone]");
    private readonly Option<string> output = CommonOptions.Folder(
        "costate-studio", "The work folder: jobs, their results, and what was sent. The same folder has them again the next time.");
    private readonly Option<bool> open = CommonOptions.Flag("--open", "Open the page in the browser.");
    private readonly Option<bool> json = CommonOptions.Json();

    internal StudioCommand(CommandContext context, Func<IReadOnlyList<string>, Terminal, CancellationToken, int> run)
        : base(context, "studio", "Opens a page in the browser: pictures in, knobs turned, and the sample watched as it moves.")
    {
        this.run = run;
        Notes =
        [
            "It prints an address with a token, which is new each time; whoever has it may use the page. Each job of the page is a command "
                + "line of this tool, which the page shows, and its results are the files of that command. One job is done at a time; "
                + "jobs and queue are there again after a restart. Ctrl-C ends it.",
        ];
        Examples =
        [
            new("On this machine, with the embedded models", "costate studio") { TakesLong = true },
            new("With a pipeline of yours, at any free port, in the browser",
                "costate studio --model stable-diffusion-v1-5 --port 0 --open") { TakesLong = true },
        ];
        AddAll(port, model, weights, device, threads, listen, output, open, json);
        SetAction((parsed, _) => Run(parsed));
    }

    private async Task<int> Run(ParseResult parsed)
    {
        var settings = new StudioSettings
        {
            Address = Address(parsed.GetValue(listen)),
            Port = parsed.GetValue(port),
            Folder = parsed.GetValue(output)!,
            Computing = new ComputingChoice(
                Model(parsed.GetValue(model)),
                parsed.GetValue(weights) is string folder ? Path.GetFullPath(folder) : null,
                parsed.GetValue(threads),
                Device(parsed.GetValue(device)!)),
        };
        using var shelf = new NetworkShelf();
        await using (StudioServer server = await StudioServer.Start(settings, (line, watch, cancel) => RunJob(line, watch, shelf, cancel)))
        {
            Tell(server.Address, settings.Folder, parsed.GetValue(json));
            if (parsed.GetValue(open))
            {
                Browse(server.Address);
            }

            await Task.Delay(Timeout.Infinite, Cancellation).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        Terminal.Error.WriteLine($"The studio has ended. Its jobs are in '{settings.Folder}'.");
        return ExitCode.Done;
    }

    private void Tell(Uri address, string folder, bool asJson)
    {
        if (asJson)
        {
            Terminal.Output.WriteLine(JsonReport.Text(new { Address = address, Folder = Path.GetFullPath(folder), ToolVersion.Version }));
        }
        else
        {
            Terminal.Output.WriteLine($"The studio is at {address}");
            Terminal.Output.WriteLine("The token in it opens the page to whoever has it. Ctrl-C ends the studio.");
        }

        Terminal.Output.Flush();
    }

    private void Browse(Uri address)
    {
        try
        {
            using var browser = Process.Start(new ProcessStartInfo($"{address}") { UseShellExecute = true });
        }
        catch (Exception e) when (e is Win32Exception or FileNotFoundException or PlatformNotSupportedException)
        {
            Terminal.Error.WriteLine("No browser could be started here. Open the address in one yourself.");
        }
    }

    private JobOutcome RunJob(IReadOnlyList<string> arguments, RunWatch watch, NetworkShelf shelf, CancellationToken cancel)
    {
        using var told = new StringWriter();
        int exitCode = run(arguments, new Terminal { Output = told, Error = told, Watch = watch, Shelf = shelf }, cancel);
        JobState state = exitCode switch
        {
            ExitCode.Done => JobState.Done,
            ExitCode.Cancelled => JobState.Cancelled,
            _ => JobState.Failed,
        };
        return new JobOutcome(state, told.ToString().Trim());
    }

    private static IPAddress Address(string? text) => text is null ? IPAddress.Loopback
        : IPAddress.TryParse(text, out IPAddress? address) ? address
        : throw new UsageException($"Got --listen {text}; expected an address of this machine in numbers, such as 192.168.0.7 or 0.0.0.0.");

    private static string? Device(string name) => ComputeDevice.Named(name).type == DeviceType.CPU ? null : name;

    private static string? Model(string? path) => path is null ? null
        : PipelineFiles.IsFolder(path, isTold: false) || PipelineFiles.IsSingleFile(path) ? Path.GetFullPath(path)
        : throw new UsageException(
            $"Got --model {path}; expected the folder of a pipeline, with model_index.json, or its single file (.safetensors, .ckpt).");
}
