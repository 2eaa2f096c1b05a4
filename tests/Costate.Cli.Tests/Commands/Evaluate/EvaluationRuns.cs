using Costate.Testing;

namespace Costate.Cli.Tests.Commands.Evaluate;

/// <summary>Runs of one evaluation into folders of a test.</summary>
/// <param name="table">The file of its rows.</param>
public abstract class EvaluationRuns(string table) : IDisposable
{
    private protected TemporaryFolder Folder { get; } = new();

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract ToolRun Run(string output, params string[] options);

    private protected ToolRun Done(string output, params string[] options)
    {
        ToolRun run = Run(output, options);
        Assert.True(run.ExitCode == 0, run.Error);
        return run;
    }

    private protected ToolRun Merge(string output, params string[] folders) =>
        Tool.Run(["evaluate", "merge", .. folders.Select(f => Folder.PathTo(f)), "--output", Folder.PathTo(output)]);

    private protected string[][] Rows(string output) =>
        [.. File.ReadLines(Folder.PathTo(output, table)).Select(line => line.Split(','))];

    private protected static void Refused(ToolRun run, params string[] texts)
    {
        Assert.NotEqual(0, run.ExitCode);
        Assert.All(texts, text => Assert.Contains(text, run.Error));
    }
}
