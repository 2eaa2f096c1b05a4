using static TorchSharp.torch;

namespace Costate;

/// <summary>What a sample was made from: the states that carry an inversion, with the settings it holds under.</summary>
/// <remarks>
/// A reversible solver has two states, which <see cref="Sampler.Sample(NoiseState, Condition?, BrownianPath?, IProgress{StepProgress}?, CancellationToken)"/>
/// turns into the sample again to rounding; one of them alone would not be enough. DDIM inversion has one and is approximate. A stochastic
/// solver that is not reversible has its start and its noise vectors (CycleDiffusion).
/// </remarks>
public sealed class NoiseState : IDisposable
{
    /// <summary>A state read from a file, say.</summary>
    /// <param name="states">The states, each [batch, ...]: 64-bit for a reversible solver.</param>
    /// <param name="noiseVectors">The noise vectors of a CycleDiffusion encoding, [steps, batch, ...], or null.</param>
    /// <param name="dtype">The dtype of samples.</param>
    /// <param name="settings">The settings that the state holds under: <see cref="Sampler.Settings"/>.</param>
    public NoiseState(IReadOnlyList<Tensor> states, Tensor? noiseVectors, ScalarType dtype, IReadOnlyDictionary<string, string> settings)
    {
        ArgumentNullException.ThrowIfNull(states);
        ArgumentNullException.ThrowIfNull(settings);
        if (states.Count is not (1 or 2) || states.Any(s => !s.shape.AsSpan().SequenceEqual(states[0].shape)))
        {
            throw new ArgumentException($"Got {states.Count} states of shapes {string.Join(", ", states.Select(Shapes.Text))}; there are one or two, of one shape.", nameof(states));
        }

        (States, NoiseVectors, Dtype, Settings) = ([.. states], noiseVectors, dtype, settings);
    }

    /// <summary>One or two states, each [batch, ...].</summary>
    public IReadOnlyList<Tensor> States { get; }

    /// <summary>The noise vectors of a CycleDiffusion encoding, [steps, batch, ...]; null for other solvers.</summary>
    public Tensor? NoiseVectors { get; }

    /// <summary>The dtype of samples.</summary>
    public ScalarType Dtype { get; }

    /// <summary>Solver, schedule, grid and prediction that the state holds under.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor state in States)
        {
            state.Dispose();
        }

        NoiseVectors?.Dispose();
    }

    internal NoiseState MoveToOuterDisposeScope()
    {
        foreach (Tensor state in States)
        {
            state.MoveToOuterDisposeScope();
        }

        NoiseVectors?.MoveToOuterDisposeScope();
        return this;
    }
}
