using static TorchSharp.torch;

namespace Costate;

/// <summary>Start noise from which a sampler draws a given sample, found by round trips, and how nearly it does.</summary>
public sealed class RoundTripNoise : NoiseState
{
    internal RoundTripNoise(
        Tensor start,
        Tensor residual,
        int iterations,
        GradientCost cost,
        ScalarType dtype,
        IReadOnlyDictionary<string, string> settings)
        : base(start, dtype, settings)
    {
        (Residual, Iterations, Cost) = (residual, iterations, cost);
    }

    /// <summary>
    /// The root mean square difference of what the sampler draws from it to the sample, over that of the sample, [batch], in 64 bits.
    /// </summary>
    public Tensor Residual { get; }

    /// <summary>Round trips that were made.</summary>
    public int Iterations { get; }

    /// <summary>What it cost.</summary>
    public GradientCost Cost { get; }

    private protected override IEnumerable<Tensor?> Tensors => [Start, Residual];
}
