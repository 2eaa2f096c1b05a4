using Costate.Testing;

namespace Costate.Cli.Tests;

/// <summary>Options for a denoiser that is small and in the tree; what the tests of the tool as a process need too.</summary>
internal static partial class Tool
{
    /// <summary>The TorchScript denoiser of the fixtures: x [batch, 3, 8, 8], z [batch, 5], prediction of anything.</summary>
    public static string Model { get; } = Fixtures.PathTo("torchscript", "denoiser.ts.pt");

    /// <summary>A condition for two items of it.</summary>
    public static string Condition { get; } = Fixtures.PathTo("torchscript", "expected.safetensors") + ":input.z";

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

    /// <summary>
    /// The same for commands that begin with one sample or a latent: in data prediction, which keeps the random network's states small.
    /// </summary>
    public static string[] Inverts(params string?[] changes)
    {
        string?[] defaults = ["--prediction", "data", "--shape", null, "--batch", null];
        return Inputs([.. defaults, .. changes]);
    }
}
