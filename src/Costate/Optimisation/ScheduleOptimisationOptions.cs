namespace Costate;

/// <summary>How a <see cref="ScheduleOptimisation"/> runs.</summary>
public sealed record ScheduleOptimisationOptions
{
    /// <summary>How it steps; not by <see cref="LatentOptimiser.GaussNewton"/>. <value>The default value is L-BFGS.</value></summary>
    public LatentOptimiser Optimiser { get; init; } = LatentOptimiser.LimitedMemoryBfgs();

    /// <summary>Steps of the optimiser; the loss is evaluated once more. <value>The default value is 40.</value></summary>
    public int Iterations { get; init; } = 40;

    /// <summary>
    /// Rate of learning of the logarithms of the gaps between times, positive; for L-BFGS the square of the longest first step. <value>The
    /// default value is 0.1.</value>
    /// </summary>
    public double Rate { get; init; } = 0.1;

    /// <summary>
    /// Whether what the network is told counts as constant (<see cref="GradientParts.NetworkTimesAreConstant"/>), for one without a
    /// derivative there. <value>The default value is false.</value>
    /// </summary>
    public bool NetworkTimesAreConstant { get; init; }

    internal void Check()
    {
        if (Iterations < 0)
        {
            throw new InputException(nameof(Iterations), $"{Iterations}", "0 or more");
        }

        if (!(Rate > 0 && double.IsFinite(Rate)))
        {
            throw new InputException(nameof(Rate), $"{Rate}", "positive and finite");
        }

        if (Optimiser.UsesCurvature)
        {
            throw new InputException(
                nameof(Optimiser), $"{Optimiser}", "one that needs gradients alone", $"Use {nameof(LatentOptimiser.LimitedMemoryBfgs)}.");
        }
    }
}
