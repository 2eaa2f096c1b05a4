namespace Costate;

/// <summary>
/// Exponential Adams-Bashforth methods in lambda: DDIM, DPM-Solver and DPM-Solver++ (multistep), DEIS, their SDE forms and DDPM
/// ancestral sampling are all this table with other numbers.
/// </summary>
internal sealed class ExponentialMultistep : Solver
{
    private readonly string name;
    private readonly Prediction? prediction;
    private readonly int order;

    /// <summary>Null for the prediction means noise, unless the grid starts where there is no signal.</summary>
    internal ExponentialMultistep(string name, Prediction? prediction, int order)
    {
        this.name = name;
        this.prediction = prediction;
        this.order = order;
    }

    internal SolverType Type { get; init; } = SolverType.Heun;

    internal FinalSteps FinalSteps { get; init; } = FinalSteps.FullOrder;

    /// <summary>
    /// The grid's end is counted twice: published schedulers whose last two noise levels agree take a last step of length zero.
    /// It moves no state, but the order falls one step later.
    /// </summary>
    internal bool RepeatsEnd { get; init; }

    internal bool Stochastic { get; init; }

    /// <summary>
    /// Halves the second derivative of order 3, as the published code of DPM-Solver does. That makes it a method of order 2.
    /// </summary>
    internal bool HalvesSecondDerivative { get; init; }

    /// <summary>DDPM's larger variance, beta_t, in place of the posterior's.</summary>
    internal bool LargeVariance { get; init; }

    /// <summary>Where each step ends, where published schedulers step by a stride that is not their grid's; else null.</summary>
    internal double[]? Targets { get; init; }

    public override bool IsStochastic => Stochastic;

    public override string Name => name;

    internal override string? Identity => string.Concat(
        order == 1 ? ExponentialStep.EulerIdentity(prediction)
                : $"exponential multistep of order {order} in {prediction} prediction, {Type}, last orders "
                    + $"{MultistepOrder.LastOrders(order, FinalSteps, RepeatsEnd)}",
        order >= 3 && HalvesSecondDerivative ? ", half the second derivative" : "",
        Stochastic ? ", stochastic" : "",
        Stochastic && LargeVariance ? " with large variance" : "",
        Targets is null ? "" : $", to times of its own, {Fingerprint.Of(Targets)}");

    internal override Solver After(int steps) => Targets is null ? this
        : new ExponentialMultistep(name, prediction, order)
        {
            Type = Type,
            FinalSteps = FinalSteps,
            RepeatsEnd = RepeatsEnd,
            Stochastic = Stochastic,
            HalvesSecondDerivative = HalvesSecondDerivative,
            LargeVariance = LargeVariance,
            Targets = Targets[steps..],
        };

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        RefuseRisingGridIfStochastic(grid);
        if (Targets is not null && Targets.Length != grid.Steps)
        {
            throw new InvalidOperationException(
                $"This {name} belongs to a scheduler's own grid of {Targets.Length} steps; got one of {grid.Steps}. Use a solver of "
                + $"{nameof(Solver)} on other grids.");
        }

        Prediction kind = prediction ?? (schedule.Alpha(grid.Start) == 0 ? Prediction.Data : Prediction.Noise);
        var table = new TableBuilder(schedule, grid, kind);
        IReadOnlyList<SchedulePoint> points = table.Points;
        for (int i = 0; i < grid.Steps; i++)
        {
            SchedulePoint target = Targets is null ? points[i + 1] : SchedulePoint.At(schedule, Targets[i]);
            var step = new ExponentialStep(points[i], target, kind, Stochastic);
            double[] weights = OutputWeights(step, points, i, MultistepOrder.At(points, i, order, FinalSteps, RepeatsEnd));
            List<TableTerm> noises = [];
            if (Stochastic)
            {
                double noise = LargeVariance && target.Sigma > 0
                    ? Math.Sqrt(1 - Math.Pow(points[i].Alpha / target.Alpha, 2))
                    : step.Noise;
                noises.Add(new(table.AddNoise(step.Clock), noise));
            }

            table.AddGridState(i + 1, [new(i, step.State)], weights.Select((w, j) => new TableTerm(i - j, w)), noises);
        }

        return table.Build();
    }

    // Weights on m[i], m[i-1], ...: the derivatives of the polynomial through them, each times its E_k.
    private double[] OutputWeights(ExponentialStep step, IReadOnlyList<SchedulePoint> points, int i, int p)
    {
        if (p == 1)
        {
            return [step.Weight(1)];
        }

        if (p == 2 && Type == SolverType.Midpoint)
        {
            double half = 0.5 * step.Weight(1) * step.H / (points[i].Lambda - points[i - 1].Lambda);
            return [step.Weight(1) + half, -half];
        }

        double[] nodes = new double[p];
        double[] moments = new double[p];
        double factorial = 1;
        for (int k = 0; k < p; k++)
        {
            factorial *= Math.Max(k, 1);
            nodes[k] = points[i - k].Lambda - points[i].Lambda;
            moments[k] = factorial * step.Weight(k + 1) * (HalvesSecondDerivative && k == 2 ? 0.5 : 1);
        }

        return Moments.Match(nodes, moments);
    }
}
