using System.CommandLine.Parsing;
using Costate.Cli.Commands;
using Costate.Cli.Terminals;
using Costate.Faces.Models;
using Costate.Testing;

namespace Costate.Cli.Tests;

/// <summary>What a command printed, and its exit code.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error);

/// <summary>Runs the tool inside the test's process.</summary>
internal static partial class Tool
{
    public static ToolRun Run(params string[] arguments) => Run(arguments, width: 132);

    public static ToolRun Run(
        string[] arguments,
        int width = 132,
        int? liveWidth = null,
        CancellationToken cancellationToken = default,
        Func<string?, FaceModel>? morphModel = null,
        byte[]? input = null)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var terminal = new Terminal
        {
            Output = output,
            Error = error,
            Width = width,
            LiveWidth = liveWidth,
            Input = () => new MemoryStream(input ?? []),
        };
        int exitCode = CommandLine.Run(
            arguments, terminal, cancellationToken, morphModel is null ? null : (weights, _) => morphModel(weights));
        return new ToolRun(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs it, expecting success.</summary>
    public static ToolRun Done(params string[] arguments)
    {
        ToolRun run = Run(arguments);
        Assert.True(run.ExitCode == 0, $"exit {run.ExitCode}: {run.Error}");
        return run;
    }

    /// <summary>Runs a line of the help as it is printed, with more options or none, in a folder; expects success.</summary>
    public static ToolRun Example(string line, TemporaryFolder folder, string[]? more = null, Func<string?, FaceModel>? morphModel = null)
    {
        string[] words = [.. CommandLineParser.SplitCommandLine(line.Replace("\\\n", " ", StringComparison.Ordinal))];
        Assert.Equal(DocumentedHelp.ToolName, words[0]);
        string before = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = folder.FullName;
            ToolRun run = Run([.. words[1..], .. more ?? []], morphModel: morphModel);
            Assert.True(run.ExitCode == 0, $"exit {run.ExitCode}: {run.Error}");
            return run;
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }

    /// <summary>Runs it, expecting an exit code and, on the standard error alone, every one of some texts.</summary>
    public static ToolRun Fails(int exitCode, string[] arguments, params string[] texts)
    {
        ToolRun run = Run(arguments);
        Assert.True(run.ExitCode == exitCode, $"exit {run.ExitCode}: {run.Error}");
        Assert.Equal("", run.Output);
        Assert.All(texts, text => Assert.Contains(text, run.Error));
        Assert.DoesNotContain("   at ", run.Error);
        return run;
    }
}
