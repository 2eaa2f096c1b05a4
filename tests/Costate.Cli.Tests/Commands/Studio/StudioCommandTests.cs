using System.CommandLine.Parsing;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Costate.Cli.Commands;
using Costate.Cli.Terminals;
using Costate.Studio.Access;
using Costate.Studio.Forms;
using Costate.Studio.Uploads;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Studio;

/// <summary>The studio with the real tool behind it, on small networks.</summary>
public sealed class StudioCommandTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    // On one thread, whose tensors are counted.
    [Fact]
    public void Jobs_AreDoneAsTheToolDoesThem_WithNetworksThatStay() => Ended(JobsAreDone());

    private static async Task JobsAreDone()
    {
        using var folder = new TemporaryFolder();
        string weights = folder.PathTo("weights");
        using (NewDisposeScope())
        {
            TinyWeights.Write(weights, calibrated: false);
        }

        using var source = new CancellationTokenSource();
        using var output = new LineWriter();
        using var error = new StringWriter();
        string[] line =
        [
            "studio", "--port", "0", "--json", "--threads", "1", "--weights", weights, "--output", folder.PathTo("work"),
        ];
        Task<int> studio = Task.Factory.StartNew(
            () => CommandLine.Run(line, new Terminal { Output = output, Error = error }, source.Token), TaskCreationOptions.LongRunning);
        string printed = await output.First(studio, Cancelled);
        Uri address = new(JsonDocument.Parse(printed).RootElement.GetProperty("address").GetString()!);
        using var client = new HttpClient { BaseAddress = new Uri(address, "/") };
        client.DefaultRequestHeaders.Authorization = new("Bearer", address.Query["?token=".Length..]);
        JsonElement about = await client.GetFromJsonAsync<JsonElement>("/api/studio", Cancelled);
        string face = about.GetProperty("examples")[0].GetString()!;

        JsonElement first = await Done(client, "edit", ("SAMPLE", face), ("prompt", "a person"), ("steps", "3"));
        JsonElement second = await Done(client, "edit", ("SAMPLE", face), ("prompt", "a person with red hair"), ("steps", "3"));
        JsonElement gradient = await Done(client, "gradient", ("prompt", "a person"), ("steps", "2"));

        // There and back under midpoint steps, in two branches, and the other way; the second time only the last of them.
        Assert.True(first.GetProperty("evaluations").GetInt64() > 2 * second.GetProperty("evaluations").GetInt64());
        Assert.True(second.GetProperty("evaluations").GetInt64() > 0);
        JsonElement report = await client.GetFromJsonAsync<JsonElement>(
            $"/api/jobs/{second.GetProperty("id").GetString()}/files/result.json", Cancelled);
        Assert.Equal(0, report.GetProperty("roundTripError").GetDouble());
        Assert.Contains("gradient.png", gradient.GetProperty("files").EnumerateArray().Select(name => name.GetString()));

        // The command line that is shown makes the same files, to the last bit.
        string[] words = [.. CommandLineParser.SplitCommandLine(second.GetProperty("commandLine").GetString()!.Replace('\'', '"'))];
        using (NewDisposeScope())
        {
            Tool.Done([.. words[1..], "--output", folder.PathTo("again")]);
        }

        byte[] again = File.ReadAllBytes(folder.PathTo("again", "edit.safetensors"));
        byte[] its = await client.GetByteArrayAsync($"/api/jobs/{second.GetProperty("id").GetString()}/files/edit.safetensors", Cancelled);
        Assert.Equal(again, its);

        await source.CancelAsync();
        Assert.Equal(ExitCode.Done, await studio);
        Assert.Contains("The studio has ended", error.ToString());
    }

    public static TheoryData<string, string> Variants => new()
    {
        { "sample", "" },
        { "sample", "negative=-1 of all,guidance-scale=2,solver=ddpm" },
        { "edit", "SAMPLE=PICTURE" },
        { "edit", "SAMPLE=PICTURE,by=face,condition-from=PICTURE,strength=0.5" },
        { "guide", "IMAGE=PICTURE,mask=PICTURE" },
        { "guide", "IMAGE=PICTURE,task=super-resolution,factor=2" },
        { "guide", "IMAGE=PICTURE,task=deblur,method=dps" },
        { "guide", "IMAGE=PICTURE,task=identity" },
        { "guide", "IMAGE=PICTURE,task=prompt" },
        { "guide", "IMAGE=PICTURE,task=custom-torchscript-loss,loss=PROGRAM" },
        { "morph", "A=PICTURE,B=PICTURE,optimise=noise" },
        { "gradient", "" },
        { "gradient", "by=your own,loss=PROGRAM" },
        { "study", "" },
        { "study", "study=posterior,quick=no" },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task CommandLine_IsOneOfTheTool(string kind, string filled)
    {
        using var folder = new TemporaryFolder();
        using var uploads = new UploadStore(folder.FullName, new StudioLimits(), () => 0);
        string picture = await Send(uploads, File.ReadAllBytes(Pictures.Write(folder.PathTo("x.png"), 32, 32)), UploadKind.Picture);
        string program = await Send(uploads, "PK\x03\x04"u8.ToArray(), UploadKind.Program);
        Dictionary<string, string> values = filled.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('='))
            .ToDictionary(
                part => part[0],
                part => part[1].Replace("PICTURE", picture, StringComparison.Ordinal)
                    .Replace("PROGRAM", program, StringComparison.Ordinal));
        FormValues read = StudioForms.Named(kind).Read(values, uploads, new(Threads: 1));
        var root = CommandLine.Root(new Terminal { Output = TextWriter.Null, Error = TextWriter.Null }, default);
        Assert.Empty(root.Parse(read.Arguments).Errors);
        Assert.Empty(root.Parse(read.CommandLine["costate ".Length..].Replace('\'', '"')).Errors);
        Assert.IsAssignableFrom<DocumentedCommand>(root.Parse(read.Arguments).CommandResult.Command);
    }

    [Fact]
    public void TakenPort_IsBadUsage()
    {
        using var folder = new TemporaryFolder();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        string[] arguments = ["studio", "--port", $"{port}", "--output", folder.PathTo("work")];
        Tool.Fails(ExitCode.BadUsage, arguments, "--port", $"{port}", "another program");
    }

    [Theory]
    [InlineData("--listen", "everywhere", "0.0.0.0")]
    [InlineData("--listen", "192.0.2.1", "not an address of this machine")]
    [InlineData("--model", "nothing", "model_index.json")]
    [InlineData("--port", "70000", "65535")]
    public void WrongOption_IsBadUsage(string option, string value, string told)
    {
        using var folder = new TemporaryFolder();
        string[] free = option == "--port" ? [] : ["--port", "0"];
        Tool.Fails(ExitCode.BadUsage, ["studio", .. free, option, value, "--output", folder.PathTo("work")], option, told);
    }

    private static void Ended(Task test) => test.GetAwaiter().GetResult();

    private static async Task<string> Send(UploadStore uploads, byte[] bytes, UploadKind kind)
    {
        using var stream = new MemoryStream(bytes);
        return await uploads.Receive(stream, kind, Cancelled);
    }

    private static async Task<JsonElement> Done(HttpClient client, string kind, params (string Name, string Value)[] values)
    {
        using HttpResponseMessage answer = await client.PostAsJsonAsync(
            "/api/jobs", new { kind, values = values.ToDictionary(v => v.Name, v => v.Value) }, Cancelled);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
        string id = (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("id").GetString()!;
        while (true)
        {
            JsonElement job = (await client.GetFromJsonAsync<JsonElement>("/api/jobs", Cancelled)).GetProperty("jobs").EnumerateArray()
                .Single(its => its.GetProperty("id").GetString() == id);
            if (job.GetProperty("state").GetString() is not ("Waiting" or "Running"))
            {
                Assert.True(job.GetProperty("state").GetString() == "Done", job.GetProperty("message").GetString());
                return job;
            }

            await Task.Delay(20, Cancelled);
        }
    }

    /// <summary>Waits for the first text that is flushed.</summary>
    private sealed class LineWriter : StringWriter
    {
        private readonly TaskCompletionSource<string> first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void Flush() => first.TrySetResult(ToString());

        internal async Task<string> First(Task ended, CancellationToken cancellationToken)
        {
            await Task.WhenAny(first.Task, ended).WaitAsync(cancellationToken);
            return first.Task.IsCompleted ? await first.Task : throw new InvalidOperationException("It has ended.");
        }
    }
}
