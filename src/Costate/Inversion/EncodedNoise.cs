using static TorchSharp.torch;

namespace Costate;

/// <summary>The noise behind a sample of a stochastic solver: where it starts and what each step adds.</summary>
public sealed class EncodedNoise : TensorResult
{
    /// <summary>Noise from elsewhere.</summary>
    /// <param name="start">x_T, [batch, ...].</param>
    /// <param name="vectors">The noise vectors, [steps, batch, ...].</param>
    public EncodedNoise(Tensor start, Tensor vectors)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(vectors);
        (Start, Vectors) = (start, vectors);
    }

    /// <summary>x_T, [batch, ...].</summary>
    public Tensor Start { get; }

    /// <summary>The noise vectors, [steps, batch, ...].</summary>
    public Tensor Vectors { get; }

    /// <summary>The vectors as a path for <c>Sampler.Sample</c>.</summary>
    public BrownianPath Path => BrownianPath.Recorded(Vectors);

    private protected override IEnumerable<Tensor?> Tensors => [Start, Vectors];
}
