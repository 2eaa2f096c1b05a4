using static TorchSharp.torch;

namespace Costate;

/// <summary>What a sample was made from: the states that carry an inversion, with the settings it holds under.</summary>
/// <remarks>
/// A reversible solver has two states, which
/// <see cref="Sampler.Sample(NoiseState, Condition?, BrownianPath?, IProgress{StepProgress}?, CancellationToken)"/> turns into the sample
/// again, bit for bit; one of them alone would not be enough. DDIM inversion has one and is approximate. A stochastic solver that is not
/// reversible has its start and its noise vectors (CycleDiffusion).
/// </remarks>
public sealed class NoiseState : TensorResult
{
    /// <summary>A state read from a file, say.</summary>
    /// <param name="states">The states, each [batch, ...]: 64-bit for a reversible solver.</param>
    /// <param name="noiseVectors">The noise vectors of a CycleDiffusion encoding, [steps, batch, ...], or null.</param>
    /// <param name="dtype">The dtype of samples.</param>
    /// <param name="settings">The settings that the state holds under: <see cref="Sampler.Settings"/>.</param>
    /// <param name="remainders">What 64 bits leave of each state, of its shape and dtype; null for nothing.</param>
    /// <exception cref="ArgumentException">There are more than two states, or shapes differ.</exception>
    public NoiseState(
        IReadOnlyList<Tensor> states,
        Tensor? noiseVectors,
        ScalarType dtype,
        IReadOnlyDictionary<string, string> settings,
        IReadOnlyList<Tensor>? remainders = null)
    {
        ArgumentNullException.ThrowIfNull(states);
        ArgumentNullException.ThrowIfNull(settings);
        if (states.Count is not (1 or 2) || states.Any(s => !s.shape.AsSpan().SequenceEqual(states[0].shape)))
        {
            throw new ArgumentException(
                $"Got {states.Count} states of shapes {string.Join(", ", states.Select(Shapes.Text))}; there are one or two, of one shape.",
                nameof(states));
        }

        if (
            remainders is not null
            && (
                remainders.Count != states.Count
                || remainders.Any(r => r.dtype != states[0].dtype || !r.shape.AsSpan().SequenceEqual(states[0].shape))))
        {
            throw new ArgumentException(
                $"Got remainders {string.Join(", ", remainders.Select(r => $"{Shapes.Text(r)} {r.dtype}"))} for {states.Count} states "
                    + $"{Shapes.Text(states[0])} {states[0].dtype}; there is one for each state, of its shape and dtype, or none.",
                nameof(remainders));
        }

        (States, NoiseVectors, Dtype, Settings) = ([.. states], noiseVectors, dtype, settings);
        Remainders = remainders is null ? null : [.. remainders];
    }

    /// <summary>One or two states, each [batch, ...].</summary>
    public IReadOnlyList<Tensor> States { get; }

    /// <summary>
    /// What 64 bits leave of each state, which is <c>States[i] + Remainders[i]</c>; null for nothing. With it a reversible solver gives the
    /// sample back bit for bit; without, to rounding.
    /// </summary>
    public IReadOnlyList<Tensor>? Remainders { get; }

    /// <summary>The noise vectors of a CycleDiffusion encoding, [steps, batch, ...]; null for other solvers.</summary>
    public Tensor? NoiseVectors { get; }

    /// <summary>The dtype of samples.</summary>
    public ScalarType Dtype { get; }

    /// <summary>Solver, schedule, grid and prediction that the state holds under.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    private protected override IEnumerable<Tensor?> Tensors => [.. States, .. Remainders ?? [], NoiseVectors];
}
