using static TorchSharp.torch;

namespace Costate;

/// <summary>The noise behind a sample of a stochastic solver: where it starts and what each step adds (CycleDiffusion).</summary>
/// <param name="start">x_T, [batch, ...].</param>
/// <param name="vectors">The noise vectors, [steps, batch, ...].</param>
/// <param name="dtype">The dtype of samples.</param>
/// <param name="settings">The settings that they hold under: <see cref="Sampler.Settings"/>.</param>
public sealed class EncodedNoise(Tensor start, Tensor vectors, ScalarType dtype, IReadOnlyDictionary<string, string> settings)
    : NoiseState(start, dtype, settings)
{
    /// <summary>The noise vectors, [steps, batch, ...].</summary>
    public Tensor Vectors { get; } = vectors ?? throw new ArgumentNullException(nameof(vectors));

    /// <summary>The vectors as a path for <c>Sampler.Sample</c>.</summary>
    public BrownianPath Path => BrownianPath.Recorded(Vectors);

    private protected override IEnumerable<Tensor?> Tensors => [Start, Vectors];
}
