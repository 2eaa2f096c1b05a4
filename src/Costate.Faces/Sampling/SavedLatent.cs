using System.Globalization;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Faces.Sampling;

/// <summary>A latent in a file, with what it was made with.</summary>
/// <param name="State">Its states.</param>
/// <param name="Condition">The condition that it was inverted under, or null.</param>
/// <param name="Options">How it was made.</param>
/// <param name="Seed">Of the path of a stochastic solver; null where the file does not say it.</param>
/// <param name="Model">What it was made with, as its file names it; null where the file does not say it.</param>
internal sealed record SavedLatent(NoiseState State, Tensor? Condition, LatentOptions Options, ulong? Seed, string? Model)
{
    internal const string FileName = "latent.safetensors";

    private const string ModelRemark = "model";
    private const string SeedRemark = "seed";

    /// <summary>Writes a latent, with its condition, how it was made, and remarks beside it.</summary>
    internal static void Write(
        string path,
        NoiseState state,
        Tensor? condition,
        SamplingPlan plan,
        IReadOnlyDictionary<string, string> remarks,
        CancellationToken cancellationToken) =>
        NoiseStateFile.Write(
            path,
            state,
            remarks.Concat(LatentOptions.ToRemarks(plan.Options)).ToDictionary(),
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

    /// <summary>Reads a latent.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">Where its states and its condition are to be; null for the CPU.</param>
    /// <exception cref="InvalidDataException">It is none, or what it says of how it was made means nothing.</exception>
    internal static SavedLatent Read(string path, Device? device = null)
    {
        NoiseState state = NoiseStateFile.Read(path, out IReadOnlyDictionary<string, string> remarks, device);
        return new SavedLatent(
            state,
            NoiseStateFile.ReadCondition(path)?.to(device ?? CPU),
            LatentOptions.Of(path, remarks, state.Dtype),
            ulong.TryParse(remarks.GetValueOrDefault(SeedRemark), NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed)
                ? seed
                : null,
            remarks.GetValueOrDefault(ModelRemark));
    }

    /// <summary>What a run of it begins with: a state that shows the shape, and the condition.</summary>
    internal (Tensor Start, Tensor? Condition) Start() => (State.Start.to(State.Dtype, copy: true), Condition);

    /// <summary>
    /// The seed to decode it with: that of the latent for a stochastic solver, since the path is not in the file.
    /// </summary>
    /// <param name="solver">The solver.</param>
    /// <param name="given">The user's, or null.</param>
    /// <exception cref="InputException">It is given, and differs.</exception>
    internal ulong SeedFor(Solver solver, ulong? given)
    {
        if (!solver.IsStochastic || Seed is not ulong seed)
        {
            return given ?? 0;
        }

        return given is null || given == seed
            ? seed
            : throw new InputException(
                "seed",
                $"{given}",
                $"{seed}, with which the latent {Options.File} was made",
                $"{solver.Name} would take another path. Leave it out.");
    }
}
