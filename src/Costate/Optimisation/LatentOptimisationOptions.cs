namespace Costate;

/// <summary>
/// How a <see cref="LatentOptimisation"/> runs. The default values are those of AdjointDEIS: 50 iterations of gradient descent on x_T and
/// z.
/// </summary>
public sealed record LatentOptimisationOptions
{
    /// <summary>
    /// D-Flow (Ben-Hamu et al. 2024): L-BFGS with a line search on x_T, 20 iterations, exact gradients.
    /// </summary>
    public static LatentOptimisationOptions DFlow { get; } = new()
    {
        Targets = OptimisationTargets.StartNoise,
        Optimiser = LatentOptimiser.LimitedMemoryBfgs(),
        Iterations = 20,
        StartNoiseRate = 1,
    };

    /// <summary>
    /// DOODL (Wallace et al. 2023): x_T by gradient descent with momentum 0.9, entries clipped at 1e-3, noise of 1e-4, the norm of x_T
    /// kept; 50 iterations. For <see cref="Solver.Edict"/>, whose two sequences both start from x_T, or another reversible solver.
    /// </summary>
    /// <remarks>
    /// The published step takes the mean over the two sequences, half of the gradient; with <see cref="StartNoiseRate"/> 0.5 s it is that
    /// of a published loss multiplied by s.
    /// </remarks>
    public static LatentOptimisationOptions Doodl { get; } = new()
    {
        Targets = OptimisationTargets.StartNoise,
        Optimiser = LatentOptimiser.GradientDescent(momentum: 0.9, clip: 1e-3),
        Method = GradientMethod.Reversible(),
        Iterations = 50,
        StartNoiseRate = 0.5,
        KeepStartNorm = true,
        InjectedNoise = 1e-4,
    };

    /// <summary>
    /// What changes; <see cref="OptimisationTargets.Condition"/> is passed over where there is none that has a gradient. <value>The default
    /// value is x_T and z.</value>
    /// </summary>
    public OptimisationTargets Targets { get; init; } = OptimisationTargets.StartNoise | OptimisationTargets.Condition;

    /// <summary>How it steps. <value>The default value is <see cref="LatentOptimiser.GradientDescent"/>.</value></summary>
    public LatentOptimiser Optimiser { get; init; } = LatentOptimiser.GradientDescent();

    /// <summary>How the gradient is found. <value>The default value is <see cref="GradientMethod.Discrete"/>.</value></summary>
    public GradientMethod Method { get; init; } = GradientMethod.Discrete();

    /// <summary>
    /// Steps of the optimiser; the loss is evaluated once more, without gradient, after the last. 0 only samples. <value>The default value
    /// is 50.</value>
    /// </summary>
    public int Iterations { get; init; } = 50;

    /// <summary>Rate of learning of x_T, positive. <value>The default value is 0.01.</value></summary>
    public double StartNoiseRate { get; init; } = 0.01;

    /// <summary>Rate of learning of z, positive. <value>The default value is 0.01.</value></summary>
    public double ConditionRate { get; init; } = 0.01;

    /// <summary>Rate of learning of the parameters, positive. <value>The default value is 0.0001.</value></summary>
    public double ParameterRate { get; init; } = 1e-4;

    /// <summary>
    /// Whether each item's x_T is scaled back to the norm it started with after every step, which keeps it near the noise that the network
    /// knows. <value>The default value is false.</value>
    /// </summary>
    public bool KeepStartNorm { get; init; }

    /// <summary>
    /// The most that the norm of an item's gradient (of all that changes together) may be; longer ones are scaled down. Null for no limit.
    /// <value>The default value is null.</value>
    /// </summary>
    public double? MaxGradientNorm { get; init; }

    /// <summary>Standard deviation of the noise added to x_T after every step. <value>The default value is 0.</value></summary>
    public double InjectedNoise { get; init; }

    /// <summary>
    /// Seeds of <see cref="InjectedNoise"/>: one for the batch, or one for each item. <value>The default value is 0.</value>
    /// </summary>
    public NoiseSeeds InjectedNoiseSeeds { get; init; }

    /// <summary>An item stops once its loss is at most this. Null for never. <value>The default value is null.</value></summary>
    public double? StopAtLoss { get; init; }

    /// <summary>
    /// An item stops after this many iterations in a row without a new lowest loss. Null for never. <value>The default value is
    /// null.</value>
    /// </summary>
    public int? Patience { get; init; }

    /// <summary>How much lower a loss must be to count for <see cref="Patience"/>. <value>The default value is 0.</value></summary>
    public double MinImprovement { get; init; }

    /// <exception cref="ArgumentException">A number is out of range, or options do not go together.</exception>
    internal void Check()
    {
        Require(Targets != OptimisationTargets.None, $"Got {nameof(Targets)} {Targets}; name what shall change.");
        Require(Iterations >= 0, $"Got {Iterations} iterations; there is none or more.");
        Positive(nameof(StartNoiseRate), StartNoiseRate);
        Positive(nameof(ConditionRate), ConditionRate);
        Positive(nameof(ParameterRate), ParameterRate);
        Positive(nameof(MaxGradientNorm), MaxGradientNorm ?? 1);
        Require(InjectedNoise >= 0 && double.IsFinite(InjectedNoise), $"Got {nameof(InjectedNoise)} {InjectedNoise}; it is 0 or more.");
        Require(
            InjectedNoise == 0 || !Optimiser.SearchesLines,
            $"Got {nameof(InjectedNoise)} {InjectedNoise} with {Optimiser}, whose line search must see the points that it asks for. "
                + "Use another optimiser, or no noise.");
        Require(
            !Optimiser.UsesCurvature || !Targets.HasFlag(OptimisationTargets.Parameters),
            $"Got {Optimiser} for {OptimisationTargets.Parameters}; its curvature is that of x_T and the condition. Use "
                + $"{nameof(LatentOptimiser.LimitedMemoryBfgs)} for the parameters.");
        Require(Patience is null or >= 1, $"Got {nameof(Patience)} {Patience}; it is at least 1, or null.");
        Require(MinImprovement >= 0, $"Got {nameof(MinImprovement)} {MinImprovement}; it is 0 or more.");
        Require(!double.IsNaN(StopAtLoss ?? 0), $"Got {nameof(StopAtLoss)} {StopAtLoss}; it is a number, or null.");
    }

    private static void Positive(string name, double value) =>
        Require(value > 0 && double.IsFinite(value), $"Got {name} {value}; it must be positive and finite.");

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new ArgumentException(message);
        }
    }
}
