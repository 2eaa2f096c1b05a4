using System.Text.Json;
using Costate.Cli.Terminals;
using Costate.Faces;
using Costate.Faces.Reports;
using Costate.Testing;

namespace Costate.Cli.Tests.Terminals;

public sealed class RecordingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Lines_SayWhatIsKnown_AndTheLastOfEachStage()
    {
        Terminal terminal = NewTerminal();
        using (Recording? recording = terminal.Record(Lines, eventFolder: null))
        {
            using (var line = new StageLine(terminal))
            {
                for (int step = 0; step <= 50; step++)
                {
                    line.Report(new StageProgress("first", step / 50.0, "a note") { Step = step, Loss = step == 50 ? double.NaN : 1.5 });
                }
            }

            using var second = new ProgressLine(terminal, "second", total: 4);
            recording!.Evaluated(2);
            recording.Evaluated(1);
            second.ReportLoss(1, 0.25, digits: 2);
        }

        JsonElement[] lines = Read();

        // Some of fifty reports within a moment, and the last one.
        Assert.InRange(lines.Length, 3, 20);
        JsonElement last = lines.Last(l => l.GetProperty("stage").GetString() == "first");
        Assert.Equal(50, last.GetProperty("step").GetInt64());
        Assert.Equal(1, last.GetProperty("share").GetDouble());
        Assert.Equal("a note", last.GetProperty("note").GetString());
        Assert.Equal(0, last.GetProperty("secondsLeft").GetDouble());
        Assert.False(last.TryGetProperty("loss", out _));
        Assert.Equal(1.5, lines[0].GetProperty("loss").GetDouble());
        JsonElement latest = lines[^1];
        Assert.Equal("0.25 3 0.25", $"{latest.GetProperty("share")} {latest.GetProperty("evaluations")} {latest.GetProperty("loss")}");
        Assert.False(lines[^1].TryGetProperty("step", out _));
        Assert.All(lines, l => Assert.True(l.GetProperty("memoryBytes").GetInt64() > 1 << 20));
        Assert.All(lines, l => Assert.Equal(DateTimeKind.Utc, l.GetProperty("time").GetDateTime().Kind));
        double[] seconds = [.. lines.Select(l => l.GetProperty("seconds").GetDouble())];
        Assert.Equal(seconds.Order(), seconds);
    }

    [Fact]
    public void Lines_AreAdded()
    {
        folder.Write("lines.jsonl", "{}\n");
        Terminal terminal = NewTerminal();
        using (terminal.Record(Lines, eventFolder: null))
        {
            new ProgressLine(terminal, "a", total: 1).Report(1);
        }

        Assert.Equal(2, Read().Length);
    }

    [Fact]
    public void AFullDisk_EndsTheRecordingAlone()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "Needs a device that is always full.");
        using var error = new StringWriter();
        var terminal = new Terminal { Output = TextWriter.Null, Error = error };
        File.CreateSymbolicLink(Lines, "/dev/full");
        using (terminal.Record(Lines, eventFolder: null))
        {
            var line = new ProgressLine(terminal, "a", total: 2);
            line.Report(1);
            line.Report(2);
        }

        Assert.Single(error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("The run goes on without", error.ToString());
    }

    [Fact]
    public void Training_IsWrittenDownForTensorBoard()
    {
        Tool.Done([
            "train", "recogniser", "--width", "8", "--steps", "2", "--identities", "2", "--circumstances", "2", "--batch", "2",
            "--output", folder.PathTo("out"), "--metrics", Lines, "--tensorboard", folder.PathTo("board"),
        ]);
        JsonElement last = Read().Last(l => l.GetProperty("stage").GetString() == "training");
        Assert.Equal(2, last.GetProperty("step").GetInt64());
        Assert.True(last.GetProperty("loss").GetDouble() > 0);
        string events = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(Assert.Single(Directory.GetFiles(folder.PathTo("board")))));
        Assert.Contains("training/loss", events);
        Assert.Contains("training/memory_bytes", events);
    }

    [Fact]
    public void Sampling_CountsItsEvaluations()
    {
        using (TorchSharp.torch.NewDisposeScope())
        {
            Networks.SafetensorsFile.Write(
                folder.PathTo("cond.safetensors"), new Dictionary<string, TorchSharp.torch.Tensor> { ["z"] = StartNoise.Draw([1, 5], 1) });
        }

        Tool.Done([
            "sample", "--model", Tool.Model, "--schedule", "vp-linear", "--prediction", "data",
            "--condition", folder.PathTo("cond.safetensors"),
            "--shape", "3,8,8", "--steps", "5", "--output", folder.PathTo("out"), "--metrics", Lines,
        ]);
        JsonElement last = Read()[^1];
        Assert.Equal("sampling", last.GetProperty("stage").GetString());
        Assert.Equal(1, last.GetProperty("share").GetDouble());

        // The same as in the report of the run.
        JsonElement report = JsonDocument.Parse(File.ReadAllText(folder.PathTo("out", "result.json"))).RootElement;
        Assert.Equal(report.GetProperty("cost").GetProperty("networkEvaluations").GetInt64(), last.GetProperty("evaluations").GetInt64());
    }

    // A guided step takes two.
    [Fact]
    public void Guidance_CountsBothBranches()
    {
        Tool.Done([
            "sample", "--model", TinyTextModel.Write(folder.PathTo("text")), "--prompt", "a person",
            "--guidance-scale", "3", "--steps", "2", "--output", folder.PathTo("out"), "--metrics", Lines,
        ]);
        Assert.Equal(4, Read().Last(line => line.GetProperty("stage").GetString() == "sampling").GetProperty("evaluations").GetInt64());
    }

    [Fact]
    public void WhatCannotBeWritten_IsRefusedBeforeTheRun()
    {
        Directory.CreateDirectory(Lines);
        ToolRun run = Tool.Run("study", "--quick", "--output", folder.PathTo("out"), "--metrics", Lines);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"Cannot write to '{Lines}'", run.Error);
        Assert.Contains("--metrics", run.Error);
        Assert.False(Directory.Exists(folder.PathTo("out")));
    }

    private string Lines => folder.PathTo("lines.jsonl");

    private JsonElement[] Read() => [.. File.ReadLines(Lines).Select(line => JsonDocument.Parse(line).RootElement)];

    private static Terminal NewTerminal() => new() { Output = TextWriter.Null, Error = TextWriter.Null };
}
