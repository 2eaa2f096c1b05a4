using static TorchSharp.torch;

namespace Costate.Faces.Sampling;

/// <summary>What came of a run of a sampler. Its tensors belong to the dispose scope of the caller.</summary>
internal sealed record SamplingResult
{
    /// <summary>What is worth keeping, by name; of an inversion nothing but its state.</summary>
    internal IReadOnlyDictionary<string, Tensor> Tensors { get; init; } = new Dictionary<string, Tensor>();

    /// <summary>The latent of an inversion; null otherwise.</summary>
    internal NoiseState? State { get; init; }

    /// <summary>The condition that a latent belongs to, [batch, ...], or null.</summary>
    internal Tensor? Condition { get; init; }

    /// <summary>What there is to look at: the samples, [batch, ...]; null for a latent.</summary>
    internal Tensor? Shown { get; init; }

    /// <summary>What a sheet of them shows, [pictures, ...]; the samples if null.</summary>
    internal Tensor? OnSheet { get; init; }

    /// <summary>Of what the run is about, [batch, ...].</summary>
    internal required long[] Shape { get; init; }

    /// <summary>The loss of each item, where there is one.</summary>
    internal double[]? Loss { get; init; }

    /// <summary>How far samples come back that are drawn again from what they were inverted to; null where nobody asked.</summary>
    internal double? RoundTripError { get; init; }

    /// <summary>The loss and the gradient on the way to the samples; null where nobody asked.</summary>
    internal GradientOnTheWay? OnTheWay { get; init; }

    internal required GradientCost Cost { get; init; }
}
