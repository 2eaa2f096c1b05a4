using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Experiments.Reconstruction;
using Costate.Faces.Files;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Pictures;
using Costate.Faces.Reports;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate autoencoder</c>: whether faces come back from it.</summary>
internal sealed class EvaluateAutoencoderCommand : DocumentedCommand
{
    internal const string ReportFile = "autoencoder.json";
    internal const string SheetFile = "reconstructions.png";

    private const int DefaultFaces = 200;
    private const int DefaultSteps = 20;

    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly Option<string> output = CommonOptions.Output("costate-autoencoder-evaluation");
    private readonly Option<int?> faces = CommonOptions.Whole(
        "--faces",
        1,
        Limits.People,
        $"How many faces, each of another person. [default: {DefaultFaces}]");
    private readonly Option<int?> steps = CommonOptions.Whole(
        "--steps",
        1,
        Limits.Steps,
        $"Steps of encoding and of decoding. [default: {DefaultSteps}]");
    private readonly Option<int?> threads = CommonOptions.Threads("Threads of torch. [default: all cores]");
    private readonly Option<bool> json = CommonOptions.Json();

    [SetsRequiredMembers]
    internal EvaluateAutoencoderCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("autoencoder", "Encodes and decodes faces, and measures what comes back.")
    {
        (this.terminal, this.cancellationToken) = (terminal, cancellationToken);
        Notes =
        [
            "Each face is decoded from its code with its own noise, which DPM-Solver++2M finds by running from data to noise, "
                + "and with other noise, so that all that comes back comes from the code. Judges compare the result with another picture "
                + "of the same person; beside it stands how they do on the picture itself. Nobody shown was trained on.",
            $"Files: {ReportFile}, and {SheetFile} with the first faces, below them what came back from their own noise and from other "
                + "noise.",
        ];
        Examples = [new("A quick look, on few faces", "costate evaluate autoencoder --faces 4 --steps 5")];
        foreach (Option option in (Option[])[weights, output, faces, steps, threads, json])
        {
            Options.Add(option);
        }

        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        (int count, int stepCount) = (parsed.GetValue(faces) ?? DefaultFaces, parsed.GetValue(steps) ?? DefaultSteps);
        using var model = new EmbeddedModel(parsed.GetValue(weights));
        using OutputFolder folder = OutputFolder.Prepare(parsed.GetValue(output)!, ReportFile, SheetFile);
        using var torchThreads = new TorchThreads(parsed.GetValue(threads));
        var study = new ReconstructionStudy(model, count, stepCount);
        try
        {
            IReadOnlyList<ReconstructedFaces> results;
            using (var line = new ProgressLine(terminal, "autoencoder", total: 1))
            {
                results = study.Run(line.Report, cancellationToken);
            }

            string report = JsonReport.Text(
                new
                {
                    Faces = count,
                    FirstIdentity = ReconstructionStudy.FirstIdentity,
                    Steps = stepCount,
                    Solver = Solver.DpmSolverPlusPlus(2).Name,
                    Results = results,
                });
            File.WriteAllText(folder.Stage(ReportFile), report + '\n');
            ContactSheet.WriteFile(folder.Stage(SheetFile), study.Shown!, (int)study.Shown!.shape[0] / 3);
            cancellationToken.ThrowIfCancellationRequested();
            folder.Commit();
            Print(report, results, folder, parsed.GetValue(json));
            return ExitCode.Done;
        }
        finally
        {
            study.Shown?.Dispose();
        }
    }

    private void Print(string report, IReadOnlyList<ReconstructedFaces> results, OutputFolder folder, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteLine(report);
            return;
        }

        terminal.Write(ReconstructionTable.Of(results));
        terminal.Output.WriteLine();
        terminal.Output.WriteLine($"{folder.FullName}: {string.Join(", ", folder.Files)}");
    }
}
