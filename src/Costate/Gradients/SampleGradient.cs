using static TorchSharp.torch;

namespace Costate;

/// <summary>A sample, its loss, and the gradient of the loss with respect to everything the sample was made from.</summary>
public sealed class SampleGradient : TensorResult
{
    private readonly IReadOnlyList<Tensor> parameters;
    private readonly bool parametersAreHidden;

    internal SampleGradient(Tensor loss, Tensor sample, Cotangents cotangents, Denoiser denoiser, GradientCost cost)
    {
        Loss = loss;
        Sample = sample;
        StartNoise = cotangents.Start;
        Condition = cotangents.Condition;
        parameters = cotangents.Parameters;
        parametersAreHidden = denoiser.ParametersAreHidden;
        Cost = cost;
    }

    /// <summary>The loss of each item, [batch], with any losses on the way; [1] if the loss function returned a scalar.</summary>
    public Tensor Loss { get; }

    /// <summary>The sample, in the shape of x_T.</summary>
    public Tensor Sample { get; }

    /// <summary>dL/dx_T, in the shape of x_T; zero where only the last steps have a gradient.</summary>
    public Tensor StartNoise { get; }

    /// <summary>
    /// dL/dz, in the shape of the condition's tensor ([steps, batch, ...] if scheduled); null if there is no condition, or an integer one.
    /// </summary>
    public Tensor? Condition { get; }

    /// <summary>dL/dtheta, one tensor for each of <see cref="Denoiser.Parameters"/>, summed over the batch.</summary>
    /// <exception cref="InvalidOperationException">The denoiser was made from a function that hides its parameters.</exception>
    public IReadOnlyList<Tensor> Parameters => parametersAreHidden
            ? throw new InvalidOperationException(
                "This denoiser was made from a function; parameters that it captures get no gradient. "
                    + $"Pass them as {nameof(Denoiser.FromFunction)}(..., parameters: module.parameters()), "
                    + $"or use {nameof(Denoiser.FromModule)}.")
        : parameters;

    /// <summary>
    /// dL/dn, [vectors, batch, ...]: with respect to the standard normal vectors that a stochastic solver draws, in the order of
    /// <see cref="SolverTable.NoiseIntervals"/>; null unless <see cref="GradientParts.NoiseVectors"/> asked for it.
    /// </summary>
    public Tensor? NoiseVectors { get; internal init; }

    /// <summary>
    /// dL/dx at each point of the grid, [steps + 1, batch, ...], x_T first and the sample last; null unless
    /// <see cref="GradientParts.StateCotangents"/> asked for it. Of a reversible solver, which carries two states, those of the one that
    /// the sample is of, the other held fixed.
    /// </summary>
    public Tensor? StateCotangents { get; internal init; }

    /// <summary>
    /// For <see cref="GradientMethod.Reversible"/>, how far rounding carried the reconstructed start from x_T: the largest entry of the
    /// difference over the largest of x_T. Null for methods that reconstruct nothing.
    /// </summary>
    public double? ReconstructionDrift { get; init; }

    /// <summary>What it cost.</summary>
    public GradientCost Cost { get; }

    private protected override IEnumerable<Tensor?> Tensors =>
        [Loss, Sample, StartNoise, Condition, NoiseVectors, StateCotangents, .. parameters];
}
