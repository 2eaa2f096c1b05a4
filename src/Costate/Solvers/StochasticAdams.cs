namespace Costate;

/// <summary>
/// SA-Solver (Xue et al. 2023): Adams-Bashforth predictor and Adams-Moulton corrector in lambda for the SDE with noise tau, in data
/// prediction. The evaluation at the predicted state corrects it and predicts the next.
/// </summary>
/// <remarks>
/// With r = 1 + tau^2 (eq. 14): <c>x_t = e^(-tau^2 h) (sigma_t/sigma_s) x_s + sum_k E_k m^(k-1) + sigma_t sqrt(1 - e^(-2 tau^2 h)) n</c>,
/// <c>E_k = r alpha_t h^k phi_k(-r h)</c>; with two nodes E_2 is <c>r alpha_t h^2/2</c>, as published for few steps.
/// </remarks>
internal sealed class StochasticAdams(int predictor, int corrector, double tau) : Solver
{
    public override string Name => FormattableString.Invariant($"SA-Solver-{predictor}-{corrector} with tau {tau}");

    public override bool IsStochastic => tau > 0;

    /// <summary>Whether the orders fall at the end.</summary>
    internal bool LowerOrderFinal { get; init; }

    /// <summary>The network's times at which a step has noise; null for all.</summary>
    internal (double From, double To)? Active { get; init; }

    /// <summary>The grid's end is counted twice, as for <see cref="UniPc.RepeatsEnd"/>.</summary>
    internal bool RepeatsEnd { get; init; }

    internal override string? Identity => string.Concat(
        FormattableString.Invariant($"SA-Solver of orders {predictor} and {corrector} with tau {tau:R}"),
        LowerOrderFinal ? ", lower at the end" : "",
        Active is var (from, to) ? FormattableString.Invariant($", from {from:R} to {to:R}") : "",
        RepeatsEnd ? ", with correction of the last" : "");

    internal override NoiseStrength? Strength => tau > 0
        ? new(tau, 2 * tau, other => new StochasticAdams(predictor, corrector, other)
        {
            LowerOrderFinal = LowerOrderFinal,
            Active = Active,
            RepeatsEnd = RepeatsEnd,
        })
        : null;

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        RefuseRisingGridIfStochastic(grid);
        var table = new TableBuilder(schedule, grid, Prediction.Data);
        IReadOnlyList<SchedulePoint> points = table.Points;
        int count = grid.Steps + (RepeatsEnd ? 1 : 0);
        List<int> evaluated = [0];
        int row = 0;
        for (int i = 0; i < grid.Steps; i++)
        {
            (SchedulePoint s, SchedulePoint t) = (points[i], points[i + 1]);
            bool finite = double.IsFinite(t.Lambda - s.Lambda);
            double strength = Active is not var (from, to) || (grid.NetworkTimes[i] >= from && grid.NetworkTimes[i] <= to) ? tau * tau : 0;
            int left = LowerOrderFinal ? count - i : int.MaxValue - 1;
            int known = 1;
            while (known <= i && double.IsFinite(points[i - known].Lambda))
            {
                known++;
            }

            bool corrects = finite && (RepeatsEnd || i < grid.Steps - 1);
            int? noise = IsStochastic ? table.AddNoise(new ExponentialStep(s, t, Prediction.Data, stochastic: true).Clock) : null;
            int order = finite ? Math.Min(Math.Min(predictor, left), known) : 1;
            int predicted = Add(Enumerable.Range(0, order).Select(k => points[i - k]), isFinal: !corrects);
            evaluated.Insert(0, predicted);
            order = Math.Min(Math.Min(corrector, left + 1), known + 1);
            row = corrects ? Add(Enumerable.Range(-1, order).Select(k => points[i - k]), isFinal: true) : predicted;

            int Add(IEnumerable<SchedulePoint> nodes, bool isFinal)
            {
                var step = new Step(s, t, strength);
                return table.AddGridState(
                    i + 1,
                    [new(row, step.State)],
                    step.Weights([.. nodes.Select(node => node.Lambda)]).Select((w, k) => new TableTerm(evaluated[k], w)),
                    noise is { } number ? [new(number, step.Noise)] : null,
                    isFinal);
            }
        }

        return table.Build();
    }

    private readonly struct Step
    {
        private readonly SchedulePoint s;
        private readonly SchedulePoint t;
        private readonly double h;
        private readonly double rate;

        internal Step(SchedulePoint s, SchedulePoint t, double strength)
        {
            (this.s, this.t) = (s, t);
            h = t.Lambda - s.Lambda;
            rate = 1 + strength;
            State = t.Sigma == 0 ? 0 : Math.Exp(-strength * h) * t.Sigma / s.Sigma;
            Noise = strength == 0 || t.Sigma == 0 ? 0 : t.Sigma * Math.Sqrt(-Elementary.ExpMinusOne(-2 * strength * h));
        }

        internal double State { get; }

        internal double Noise { get; }

        /// <summary>Weights on the predictions at these half log-SNRs.</summary>
        internal double[] Weights(double[] lambdas)
        {
            double first = -t.Alpha * Elementary.ExpMinusOne(-rate * h);
            if (lambdas.Length == 1)
            {
                return [first];
            }

            double[] nodes = new double[lambdas.Length];
            double[] moments = new double[lambdas.Length];
            double factorial = 1;
            for (int k = 0; k < nodes.Length; k++)
            {
                factorial *= Math.Max(k, 1);
                nodes[k] = lambdas[k] - s.Lambda;
                moments[k] = factorial * rate * t.Alpha * Math.Pow(h, k + 1) * Phi.Of(k + 1, -rate * h);
            }

            moments[1] = nodes.Length == 2 ? 0.5 * rate * t.Alpha * h * h : moments[1];
            return Moments.Match(nodes, moments);
        }
    }
}
