namespace Costate;

/// <summary>
/// A prediction of the sample from a state on the way to it, by some further steps of a solver. Guidance differentiates its loss
/// through them ("Greed is Good", Blasingame and Liu 2025): one step is greedy guidance, as DPS has it; all the remaining steps are
/// end-to-end guidance; between them the error of the prediction falls as the steps grow in number and order.
/// </summary>
/// <remarks>
/// One step of a method of order k over a stretch h of its clock errs by O(h^(k+1)). Points are placed by index between those of the grid
/// that is still ahead. Immutable and safe to share between threads.
/// </remarks>
public sealed record Lookahead
{
    private Lookahead(int? steps, Solver solver, double? end)
    {
        (Steps, Solver, End) = (steps, solver, end);
    }

    /// <summary>
    /// Greedy: the posterior mean x0(x_t), which is one Euler step to clean data in the clock alpha/sigma. One network evaluation and one
    /// vector-Jacobian product a guided step.
    /// </summary>
    public static Lookahead Greedy { get; } = Euler(1);

    /// <summary>Steps, or null for all those of the grid that remain.</summary>
    public int? Steps { get; }

    /// <summary>The method of the steps.</summary>
    public Solver Solver { get; }

    /// <summary>The time at which the prediction stands; null for the end of the grid.</summary>
    public double? End { get; }

    /// <summary>
    /// How the loss is differentiated through the steps. The default is <see cref="GradientMethod.Discrete"/>, which keeps the graphs that
    /// fit into memory.
    /// </summary>
    public GradientMethod? Method { get; init; }

    /// <summary>Euler's method in the clock alpha/sigma, which is DDIM: n evaluations.</summary>
    /// <param name="steps">n, at least 1; fewer where fewer remain.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no steps.</exception>
    public static Lookahead Euler(int steps) => With(Solver.Ddim(), steps);

    /// <summary>
    /// The midpoint method in the clock alpha/sigma (in sigma/alpha on a step to clean data, where the former is infinite): 2 n
    /// evaluations.
    /// </summary>
    /// <inheritdoc cref="Euler"/>
    public static Lookahead Midpoint(int steps) => With(Solver.ExponentialRungeKutta(ButcherTableau.Midpoint), steps);

    /// <summary>Any deterministic solver.</summary>
    /// <param name="solver">The solver. One in data prediction with several stages a step may have no finite coefficients for a step to
    /// time 0.</param>
    /// <param name="steps">n, at least 1; fewer where fewer remain.</param>
    /// <param name="end">The time of the prediction, below the times of the guided steps. The default value is 0, clean data.</param>
    /// <exception cref="ArgumentException">The solver is stochastic.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are no steps, or the end is outside [0, 1].</exception>
    public static Lookahead With(Solver solver, int steps, double end = 0)
    {
        if (steps < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(steps),
                steps,
                $"Got a lookahead of {steps} steps; there is at least one. Use {nameof(EndToEnd)} for all that remain.");
        }

        return end is >= 0 and <= 1
            ? new Lookahead(steps, Deterministic(solver), end)
            : throw new ArgumentOutOfRangeException(nameof(end), end, $"Got end {end}; times lie in [0, 1].");
    }

    /// <summary>All the steps of the grid that remain: at the first step this is the gradient through a whole sample.</summary>
    /// <param name="solver">The solver. The default is DDIM.</param>
    /// <exception cref="ArgumentException">The solver is stochastic.</exception>
    public static Lookahead EndToEnd(Solver? solver = null) => new(null, Deterministic(solver ?? Solver.Ddim()), null);

    /// <summary>
    /// The lookahead from a point of a grid, as a sampler: its sample is the prediction, its gradient that of a loss on it.
    /// </summary>
    /// <param name="denoiser">The network.</param>
    /// <param name="schedule">The schedule.</param>
    /// <param name="grid">The grid that is being sampled on.</param>
    /// <param name="index">Where on it, before its end.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside the grid.</exception>
    /// <exception cref="ArgumentException">The end of the lookahead is not before that point.</exception>
    /// <exception cref="InvalidOperationException">The solver cannot take these steps.</exception>
    public Sampler At(Denoiser denoiser, NoiseSchedule schedule, TimeGrid grid, int index)
    {
        ArgumentNullException.ThrowIfNull(grid);
        TimeGrid ahead = grid.Remaining(index, End);
        return new Sampler(denoiser, schedule, Solver, Steps is int n && n < ahead.Steps ? ahead.Resampled(schedule, n) : ahead);
    }

    /// <inheritdoc/>
    public override string ToString() => Steps is int n ? $"{n} steps of {Solver}" : $"all steps of {Solver}";

    private static Solver Deterministic(Solver solver)
    {
        ArgumentNullException.ThrowIfNull(solver);
        return solver.IsStochastic
            ? throw new ArgumentException(
                $"{solver.Name} is stochastic; a lookahead predicts, so it takes a deterministic solver such as {nameof(Solver.Ddim)}.",
                nameof(solver))
            : solver;
    }
}
