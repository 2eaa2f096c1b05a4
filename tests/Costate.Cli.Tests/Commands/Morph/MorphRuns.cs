using System.Text.Json;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Cli.Tests.Commands.Morph;

/// <summary>Short morphs of two pictures in a folder of their own.</summary>
public abstract class MorphRuns : IDisposable
{
    private protected MorphRuns()
    {
        A = Pictures.Write(Folder.PathTo("a.png"), 40, 32);
        B = Pictures.Write(
            Folder.PathTo("b.jpg"),
            32,
            48,
            (x, y) => new SKColor((byte)(5 * y), 128, (byte)(8 * x)),
            SKEncodedImageFormat.Jpeg);
    }

    private protected TemporaryFolder Folder { get; } = new();

    private protected string A { get; }

    private protected string B { get; }

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static string[] Quick => ["--steps", "4", "--encode-steps", "6", "--iterations", "3"];

    private protected ToolRun Morph(params string[] arguments) => Morph(arguments, "out");

    // A stochastic sampler has no steps of its own for encoding.
    private protected ToolRun Morph(string[] arguments, string output) => Tool.Run(
            [
                .. arguments.Contains("--sde") ? arguments.Where(x => x is not ("--encode-steps" or "6")) : arguments,
                "--output",
                Folder.PathTo(output),
            ],
        morphModel: TinyMorphModel.Load);

    private protected ToolRun Batch(string pairs, params string[] options) =>
        Morph(["morph", "--batch", pairs, .. Quick, .. options], "out");

    private protected static double[] Losses(string path) =>
        [.. JsonDocument.Parse(File.ReadAllText(path)).RootElement.GetProperty("losses").EnumerateArray().Select(l => l.GetDouble())];

    private protected void Refused(int exitCode, string[] arguments, params string[] texts)
    {
        ToolRun run = Tool.Run(["morph", .. arguments, "--output", Folder.PathTo("refused")], morphModel: TinyMorphModel.Load);
        Assert.True(run.ExitCode == exitCode, $"exit {run.ExitCode}: {run.Error}");
        Assert.All(texts, text => Assert.Contains(text, run.Error));
        Assert.False(Directory.Exists(Folder.PathTo("refused")));
    }
}
