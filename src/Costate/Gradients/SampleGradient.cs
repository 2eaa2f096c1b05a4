using static TorchSharp.torch;

namespace Costate;

/// <summary>A sample, its loss, and the gradient of the loss with respect to everything the sample was made from.</summary>
public sealed class SampleGradient : TensorResult
{
    private readonly IReadOnlyList<Tensor> parameters;
    private readonly bool parametersAreHidden;
    private readonly bool isBundle;

    internal SampleGradient(Tensor loss, Tensor sample, Cotangents cotangents, SamplingRun run)
    {
        Loss = loss;
        Sample = sample;
        StartNoise = cotangents.Start;
        parameters = cotangents.Parameters;
        parametersAreHidden = run.Denoiser.ParametersAreHidden;
        Cost = run.Meter.Total;
        IReadOnlyList<ConditionEntry> entries = run.Condition?.Entries ?? [];
        isBundle = entries.Count(entry => entry.Role == ConditionRole.Conditional) > 1;
        Conditions = Of(ConditionRole.Conditional);
        Unconditional = Of(ConditionRole.Unconditional);
        GuidanceScale = Of(ConditionRole.Scale).Values.SingleOrDefault();

        IReadOnlyDictionary<string, Tensor> Of(ConditionRole role) => entries
            .Zip(cotangents.Condition)
            .Where(pair => pair.First.Role == role && pair.Second is not null)
            .ToDictionary(pair => pair.First.Name, pair => pair.Second!);
    }

    /// <summary>The loss of each item, [batch], with any losses on the way; [1] if the loss function returned a scalar.</summary>
    public Tensor Loss { get; }

    /// <summary>The sample, in the shape of x_T.</summary>
    public Tensor Sample { get; }

    /// <summary>dL/dx_T, in the shape of x_T; zero where only the last steps have a gradient.</summary>
    public Tensor StartNoise { get; }

    /// <summary>
    /// dL/dz of a condition of one tensor, in its shape ([steps, batch, ...] if scheduled); null if there is no condition, or an integer
    /// one.
    /// </summary>
    /// <exception cref="InvalidOperationException">The condition is a bundle of several.</exception>
    public Tensor? Condition => !isBundle ? Conditions.Values.SingleOrDefault()
        : throw new InvalidOperationException(
            $"The condition is a bundle; take a gradient by its name, {nameof(Conditions)}[\"{Conditions.Keys.FirstOrDefault()}\"].");

    /// <summary>dL/dz by the names of the condition's tensors, each in its shape; those of integers have none.</summary>
    public IReadOnlyDictionary<string, Tensor> Conditions { get; }

    /// <summary>
    /// The gradient with respect to the unconditional branch of <see cref="Denoiser.WithClassifierFreeGuidance"/>, by names, each in the
    /// shape that was given: that of [1, ...] is the sum over the batch. Empty without guidance, or if that branch has no condition.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Unconditional { get; }

    /// <summary>
    /// The gradient with respect to the guidance scale of each item, [batch]; null unless <see cref="GradientParts.GuidanceScale"/> asked
    /// for it. It needs both branches in every evaluation within the interval, whatever the scale.
    /// </summary>
    public Tensor? GuidanceScale { get; }

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
    /// dL/dt for each time of the grid and each item, [steps + 1, batch]; null unless <see cref="GradientParts.Times"/> asked for it. The
    /// solver's coefficients are differentiated by differences in 64 bits, of a relative error of about 1e-10. NaN for an end without
    /// signal or noise, where there may be none.
    /// </summary>
    public Tensor? Times { get; internal init; }

    /// <summary>
    /// The gradient with respect to the solver's share of noise for each item, [batch]: eta of <see cref="Solver.Ddim(double)"/>, gamma of
    /// <see cref="Solver.TrajectoryConsistency"/>, tau of <see cref="Solver.SaSolver"/>; null unless <see cref="GradientParts.Eta"/> asked
    /// for it.
    /// </summary>
    public Tensor? Eta { get; internal init; }

    /// <summary>
    /// For <see cref="GradientMethod.Reversible"/>, how far rounding carried the reconstructed start from x_T: the largest entry of the
    /// difference over the largest of x_T. Null for methods that reconstruct nothing.
    /// </summary>
    public double? ReconstructionDrift { get; init; }

    /// <summary>What it cost.</summary>
    public GradientCost Cost { get; }

    private protected override IEnumerable<Tensor?> Tensors =>
        [
            Loss,
            Sample,
            StartNoise,
            .. Conditions.Values,
            .. Unconditional.Values,
            GuidanceScale,
            NoiseVectors,
            StateCotangents,
            Times,
            Eta,
            .. parameters,
        ];
}
