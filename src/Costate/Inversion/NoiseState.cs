using static TorchSharp.torch;

namespace Costate;

/// <summary>What a sample was made from: the states that carry an inversion, with the settings it holds under.</summary>
/// <remarks>
/// There are three kinds: <see cref="ReversibleNoise"/> of a reversible solver, exact; <see cref="InvertedNoise"/> of another deterministic
/// one (DDIM inversion), approximate; <see cref="EncodedNoise"/> of a stochastic one (CycleDiffusion).
/// <see cref="Sampler.Sample(NoiseState, Condition?, BrownianPath?, IProgress{StepProgress}?, CancellationToken)"/> turns each into a
/// sample again.
/// </remarks>
public abstract class NoiseState : TensorResult
{
    private protected NoiseState(Tensor start, ScalarType dtype, IReadOnlyDictionary<string, string> settings)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(settings);
        (Start, Dtype, Settings) = (start, dtype, settings);
    }

    /// <summary>x_T, [batch, ...].</summary>
    public Tensor Start { get; }

    /// <summary>The dtype of samples.</summary>
    public ScalarType Dtype { get; }

    /// <summary>Solver, schedule, grid and prediction that the state holds under: <see cref="Sampler.Settings"/>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; }
}
