using System.Text.Json;
using Costate.Testing;

namespace Costate.Cli.Tests.Commands.Guide;

/// <summary>Runs of <c>costate guide</c> into a folder of a test.</summary>
public abstract class GuideRuns : IDisposable
{
    protected GuideRuns() => Face = Pictures.Write(Folder.PathTo("face.png"), 40, 32);

    private protected TemporaryFolder Folder { get; } = new();

    /// <summary>A picture, 40 wide and 32 high.</summary>
    private protected string Face { get; }

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected JsonElement Report(string[] arguments)
    {
        ToolRun run = Guide([.. arguments, "--json"]);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(run.Output.Trim(), File.ReadAllText(Folder.PathTo("out", "result.json")).Trim());
        return JsonDocument.Parse(run.Output).RootElement;
    }

    private protected ToolRun Guide(string[] arguments, string output = "out") =>
        Tool.Run(["guide", .. arguments, "--output", Folder.PathTo(output)], morphModel: TinyMorphModel.Load);

    private protected void Refused(int exitCode, string[] arguments, params string[] texts)
    {
        ToolRun run = Guide(arguments, "refused");
        Assert.True(run.ExitCode == exitCode, $"{run.ExitCode}: {run.Error}");
        Assert.All(texts, text => Assert.Contains(text, run.Error));
        Assert.DoesNotContain("   at ", run.Error);
    }
}
