using static TorchSharp.torch;

namespace Costate;

/// <summary>The noise behind a sample of a stochastic solver: where it starts and what each step adds.</summary>
/// <param name="Start">x_T, [batch, ...].</param>
/// <param name="Vectors">The noise vectors, [steps, batch, ...].</param>
public sealed record EncodedNoise(Tensor Start, Tensor Vectors) : IDisposable
{
    /// <summary>The vectors as a path for <c>Sampler.Sample</c>.</summary>
    public BrownianPath Path => BrownianPath.Recorded(Vectors);

    /// <summary>Disposes both tensors.</summary>
    public void Dispose()
    {
        Start.Dispose();
        Vectors.Dispose();
    }
}
