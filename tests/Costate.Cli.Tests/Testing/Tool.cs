using Costate.Cli.Terminals;
using Costate.Faces.Morphs;
using Costate.Testing;

namespace Costate.Cli.Tests;

/// <summary>What a command printed, and its exit code.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error);

/// <summary>Runs the tool inside the test's process.</summary>
internal static class Tool
{
    /// <summary>The TorchScript denoiser of the goldens: x [batch, 3, 8, 8], z [batch, 5], prediction of anything.</summary>
    public static string Model { get; } = Goldens.PathTo("torchscript", "denoiser.ts.pt");

    /// <summary>A condition for two items of it.</summary>
    public static string Condition { get; } = Goldens.PathTo("torchscript", "expected.safetensors") + ":input.z";

    /// <summary>What a run of that denoiser needs, with changes: pairs of an option and its value, null to leave it out.</summary>
    public static string[] Inputs(params string?[] changes)
    {
        var options = new Dictionary<string, string?>
        {
            ["--model"] = Model,
            ["--schedule"] = "vp-linear",
            ["--prediction"] = "noise",
            ["--condition"] = Condition,
            ["--shape"] = "3,8,8",
            ["--batch"] = "2",
            ["--steps"] = "4",
        };
        foreach (string?[] change in changes.Chunk(2))
        {
            options[change[0]!] = change.ElementAtOrDefault(1);
        }

        return [.. options.Where(o => o.Value is not null).SelectMany(o => (string[])[o.Key, o.Value!])];
    }

    /// <summary>The same for commands that begin with one sample or a latent: in data prediction, which keeps the random network's states small.</summary>
    public static string[] Inverts(params string?[] changes)
    {
        string?[] defaults = ["--prediction", "data", "--shape", null, "--batch", null];
        return Inputs([.. defaults, .. changes]);
    }

    public static ToolRun Run(params string[] arguments) => Run(arguments, width: 132);

    public static ToolRun Run(string[] arguments, int width = 132, int? liveWidth = null, CancellationToken cancellationToken = default, Func<string?, MorphModel>? morphModel = null, byte[]? input = null)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var terminal = new Terminal { Output = output, Error = error, Width = width, LiveWidth = liveWidth, Input = () => new MemoryStream(input ?? []) };
        int exitCode = CommandLine.Run(arguments, terminal, cancellationToken, morphModel);
        return new ToolRun(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs it, expecting success.</summary>
    public static ToolRun Done(params string[] arguments)
    {
        ToolRun run = Run(arguments);
        Assert.True(run.ExitCode == 0, $"exit {run.ExitCode}: {run.Error}");
        return run;
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
