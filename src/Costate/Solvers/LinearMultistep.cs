namespace Costate;

/// <summary>
/// Adams-Bashforth in the clock sigma/alpha of noise prediction, or in time for a rectified flow: the polynomial through the last
/// predictions, integrated over the step, with weights for steps of any lengths.
/// </summary>
internal sealed class LinearMultistep(int order) : Solver
{
    public override string Name => $"LMS-{order}";

    internal override string? Identity => Name;

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        bool flow = schedule is RectifiedFlowSchedule;
        var table = new TableBuilder(schedule, grid, flow ? Prediction.Flow : Prediction.Noise);
        IReadOnlyList<SchedulePoint> points = table.Points;
        double Clock(int i) => flow ? points[i].Time : points[i].NoiseToSignal;
        for (int i = 0; i < grid.Steps; i++)
        {
            double h = Clock(i + 1) - Clock(i);
            double[] weights = [1];

            // Where the levels are so far apart that the weights are no numbers, fewer predictions are left.
            for (int p = Math.Min(order, i + 1); p > 1; p--)
            {
                // In units of the step: sigma/alpha may be too large for its powers.
                double[] nodes = [.. Enumerable.Range(0, p).Select(k => (Clock(i - k) - Clock(i)) / h)];
                double[] matched = Moments.Match(nodes, [.. Enumerable.Range(1, p).Select(k => 1.0 / k)]);
                if (matched.All(double.IsFinite))
                {
                    weights = matched;
                    break;
                }
            }

            double scale = flow ? h : points[i + 1].Alpha * h;
            double state = flow ? 1 : points[i + 1].Alpha / points[i].Alpha;
            table.AddGridState(i + 1, [new(i, state)], weights.Select((w, k) => new TableTerm(i - k, scale * w)));
        }

        return table.Build();
    }
}
