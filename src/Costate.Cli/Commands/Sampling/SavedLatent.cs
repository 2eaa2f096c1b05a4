using System.Globalization;
using Costate.Experiments;
using Costate.Faces.Reports;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary>A latent in a file, with what it was made with.</summary>
/// <param name="State">Its states.</param>
/// <param name="Condition">The condition that it was inverted under, or null.</param>
/// <param name="Options">How it was made.</param>
/// <param name="Seed">Of the path of a stochastic solver; null where the file does not say it.</param>
internal sealed record SavedLatent(NoiseState State, Tensor? Condition, LatentOptions Options, ulong? Seed)
{
    internal const string FileName = "latent.safetensors";

    private const string ModelRemark = "model";
    private const string SeedRemark = "seed";

    /// <summary>Writes a latent, with its condition and the settings of the run beside it.</summary>
    internal static void Write(
        string path,
        NoiseState state,
        Tensor? condition,
        string command,
        SamplingPlan plan,
        IReadOnlyDictionary<string, Setting> described,
        CancellationToken cancellationToken) =>
        NoiseStateFile.Write(
            path,
            state,
            new SortedDictionary<string, string>(
                described
                    .Select(d => KeyValuePair.Create(d.Key, d.Value.Text))
                    .Concat(LatentOptions.ToRemarks(plan.Options))
                    .ToDictionary(),
                StringComparer.Ordinal)
            {
                ["costate"] = ToolVersion.Version,
                ["command"] = command,
            },
            condition,
            cancellationToken);

    /// <summary>Whether a file holds a latent, and not samples.</summary>
    internal static bool IsLatent(string path)
    {
        if (!File.Exists(path) || !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        using SafetensorsFile file = SafetensorsFile.Open(path);
        return file.Metadata.ContainsKey("noise_state.version");
    }

    /// <summary>Reads a latent to be decoded by the user's model, or by the embedded one if that is null.</summary>
    /// <exception cref="CommandException">It was made with a model, and none is given.</exception>
    internal static SavedLatent Read(string path, string? model)
    {
        NoiseState state = NoiseStateFile.Read(path, out IReadOnlyDictionary<string, string> remarks);
        if (model is null && remarks.GetValueOrDefault(ModelRemark) is string made and not SamplingSettings.EmbeddedModel)
        {
            throw new CommandException(
                $"The latent {path} was made with a model of yours, {made}; give it with --model. A latent names no program that is run "
                    + "unasked.");
        }

        return new SavedLatent(
            state,
            NoiseStateFile.ReadCondition(path),
            LatentOptions.Of(path, remarks, state.Dtype),
            ulong.TryParse(remarks.GetValueOrDefault(SeedRemark), NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed)
                ? seed
                : null);
    }

    /// <summary>What a session of it begins with: a state that shows the shape, and the condition.</summary>
    internal (Tensor Start, Tensor? Condition) Start() => (State.Start.to(State.Dtype, copy: true), Condition);

    /// <summary>
    /// The settings to decode it with: its dtype, and for a stochastic solver its seed, since the path is not in the file.
    /// </summary>
    /// <exception cref="InputException">The seed or the dtype is given, and differs.</exception>
    internal SamplingSettings Settle(SamplingSettings settings)
    {
        if (settings.SeedIsGiven && settings.Plan.Solver.IsStochastic && Seed is ulong seed && seed != settings.Seed)
        {
            throw new InputException(
                "seed",
                $"{settings.Seed}",
                $"{seed}, with which the latent {Options.File} was made",
                $"{settings.Plan.Solver.Name} would take another path. Leave it out.");
        }

        return settings with { Dtype = State.Dtype, Seed = settings.Plan.Solver.IsStochastic ? Seed ?? settings.Seed : settings.Seed };
    }
}
