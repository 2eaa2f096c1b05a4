using System.Globalization;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Cli.Commands;

/// <summary>A latent in a file, with what it was made with.</summary>
internal static class SavedLatent
{
    internal const string FileName = "latent.safetensors";

    /// <summary>Writes a latent, with its condition and the settings of the run beside it.</summary>
    internal static void Write(string path, NoiseState state, Tensor? condition, string command, IReadOnlyDictionary<string, string> described, CancellationToken cancellationToken) =>
        NoiseStateFile.Write(path, state, new SortedDictionary<string, string>(described.ToDictionary(), StringComparer.Ordinal) { ["costate"] = ToolVersion.Version, ["command"] = command }, condition, cancellationToken);

    /// <summary>Reads a latent, the condition it was inverted under, and the settings to decode it with: its dtype, and for a stochastic solver its seed.</summary>
    /// <exception cref="CommandException">The seed is another than it was made with.</exception>
    internal static (NoiseState State, Tensor? Condition, SamplingSettings Settings) Read(string path, SamplingSettings settings)
    {
        NoiseState state = NoiseStateFile.Read(path, out IReadOnlyDictionary<string, string> remarks);
        return (state, NoiseStateFile.ReadCondition(path), settings with { Dtype = state.Dtype, Seed = Seed(path, settings, remarks) });
    }

    // The path of a stochastic reversible solver is not in the file; its seed is.
    private static ulong Seed(string path, SamplingSettings settings, IReadOnlyDictionary<string, string> remarks)
    {
        if (!settings.Plan.Solver.IsStochastic || !ulong.TryParse(remarks.GetValueOrDefault("seed"), NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
        {
            return settings.Seed;
        }

        return !settings.SeedIsGiven || settings.Seed == seed
            ? seed
            : throw new CommandException($"The latent {path} was made with --seed {seed}, this run has --seed {settings.Seed}: {settings.Plan.Solver.Name} would take another path. Leave out --seed.");
    }
}
