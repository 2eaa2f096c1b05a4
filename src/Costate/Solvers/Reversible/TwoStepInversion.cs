namespace Costate;

/// <summary>
/// Reversible two-step methods: <c>x_t = P x_r + Q x_s + R eps(x_s)</c> with r before s before t, solved for x_r to go back. The first step
/// is DDIM's. BDIA (Zhang et al. 2024) and O-BELM (Wang et al. 2024) are this table with other numbers; noise prediction, one evaluation a
/// step.
/// </summary>
internal sealed class TwoStepInversion(
    string name,
    Func<SchedulePoint, SchedulePoint, SchedulePoint, (double P, double Q, double R)> coefficients) : Solver
{
    public override string Name => name;

    internal override string? Identity => Name;

    public override bool IsReversible => true;

    internal static TwoStepInversion WithGamma(double gamma) => gamma is > 0 and <= 1
        ? new(FormattableString.Invariant($"BDIA({gamma:R})"), (r, s, t) =>
        {
            var forth = new ExponentialStep(s, t, Prediction.Noise, stochastic: false);
            var back = new ExponentialStep(s, r, Prediction.Noise, stochastic: false);
            return (gamma, forth.State - (gamma * back.State), forth.Weight(1) - (gamma * back.Weight(1)));
        })
            : throw new ArgumentOutOfRangeException(
                nameof(gamma),
                gamma,
                $"Got gamma {gamma}; it must be in (0, 1]. The inverse divides by it.");

    internal static TwoStepInversion Optimal() => new("O-BELM", (r, s, t) =>
    {
        double before = r.NoiseToSignal - s.NoiseToSignal;
        double h = s.NoiseToSignal - t.NoiseToSignal;
        double ratio = h / before;
        return (ratio * ratio * t.Alpha / r.Alpha, (1 - (ratio * ratio)) * t.Alpha / s.Alpha, -(h * (h + before) / before) * t.Alpha);
    });

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        if (grid.Steps < 2)
        {
            throw new InvalidOperationException($"{Name} is a two-step method and needs a grid of at least 2 steps; got {grid.Steps}.");
        }

        var table = new TableBuilder(schedule, grid, Prediction.Noise);
        IReadOnlyList<SchedulePoint> points = table.Points;
        var ddim = new ExponentialStep(points[0], points[1], Prediction.Noise, stochastic: false);
        table.AddCarrier(1, Math.Min(1, grid.Steps - 1), Prediction.Noise, true, null, [new(0, ddim.State)], [new(0, ddim.Weight(1))]);
        for (int i = 1; i < grid.Steps; i++)
        {
            (double p, double q, double r) = coefficients(points[i - 1], points[i], points[i + 1]);
            table.AddCarrier(
                i + 1,
                Math.Min(i + 1, grid.Steps - 1),
                Prediction.Noise,
                true,
                i - 1,
                [new(i - 1, p), new(i, q)],
                [new(i, r)]);
        }

        return table.BuildReversible(sample: grid.Steps, [0, 1], [grid.Steps, grid.Steps - 1], OtherCarrier.InverseDdim);
    }
}
