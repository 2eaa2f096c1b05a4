namespace Costate;

/// <summary>
/// Exponential Runge-Kutta methods in lambda: the singlestep forms of DPM-Solver and DPM-Solver++ (orders 1 to 3). Their stages
/// lie within each step, or, to spend no evaluation off the grid, at the grid's own points, whose steps then form blocks.
/// </summary>
internal sealed class ExponentialSinglestep : Solver
{
    private readonly string name;
    private readonly Prediction prediction;
    private readonly int order;

    internal ExponentialSinglestep(string name, Prediction prediction, int order)
    {
        this.name = name;
        this.prediction = prediction;
        this.order = order;
    }

    internal SolverType Type { get; init; } = SolverType.Midpoint;

    internal bool OnGrid { get; init; }

    internal FinalSteps FinalSteps { get; init; } = FinalSteps.FullOrder;

    public override string Name => name;

    internal override string? Identity => order == 1
        ? ExponentialStep.EulerIdentity(prediction)
        : string.Concat(
            $"exponential singlestep of order {order} in {prediction} prediction, {Type}",
            OnGrid ? ", on the grid" : "",
            OnGrid && FinalSteps != FinalSteps.FullOrder ? ", the last step of order 1" : "");

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid) =>
        OnGrid ? TabulateOnGrid(schedule, grid) : TabulateInside(schedule, grid);

    /// <summary>The order of each step on the grid: blocks 1, 2, ..., p that restart at 1.</summary>
    internal static int[] BlockOrders(int steps, int order, bool lowerOrderFinal, bool endsInfinite)
    {
        // A remainder is a shorter block; at the end a full block may give up its last order.
        int[] orders = [.. Enumerable.Range(0, steps).Select(i => (i % order) + 1)];
        if (endsInfinite || (lowerOrderFinal && steps % order == 0))
        {
            orders[^1] = 1;
        }

        return orders;
    }

    private SolverTable TabulateOnGrid(NoiseSchedule schedule, TimeGrid grid)
    {
        var table = new TableBuilder(schedule, grid, prediction);
        IReadOnlyList<SchedulePoint> points = table.Points;
        int[] orders = BlockOrders(grid.Steps, order, FinalSteps != FinalSteps.FullOrder, !double.IsFinite(points[^1].Lambda));
        for (int i = 0; i < grid.Steps; i++)
        {
            int start = i - orders[i] + 1;
            var step = new ExponentialStep(points[start], points[i + 1], prediction, stochastic: false);
            double[] offsets = [.. Enumerable.Range(start, orders[i]).Select(j => points[j].Lambda - points[start].Lambda)];
            double[] weights = OutputWeights(step, offsets);
            table.AddGridState(i + 1, [new(start, step.State)], weights.Select((w, j) => new TableTerm(start + j, w)));
        }

        return table.Build();
    }

    private SolverTable TabulateInside(NoiseSchedule schedule, TimeGrid grid)
    {
        var table = new TableBuilder(schedule, grid, prediction);
        IReadOnlyList<SchedulePoint> points = table.Points;
        int row = 0;
        for (int i = 0; i < grid.Steps; i++)
        {
            double h = points[i + 1].Lambda - points[i].Lambda;
            int stages = double.IsFinite(h) ? order : 1;
            List<int> stageRows = [row];
            List<double> offsets = [0];
            for (int j = 1; j < stages; j++)
            {
                // Equal thirds (order 3) or the half (order 2) of the step in lambda.
                SchedulePoint stage = SchedulePoint.At(schedule, schedule.TimeAtHalfLogSnr(points[i].Lambda + (h * j / order)));
                AddRow(
                    new ExponentialStep(points[i], stage, prediction, stochastic: false),
                    (states, outputs) => table.AddStage(i, stage.Time, states, outputs));
                offsets.Add(stage.Lambda - points[i].Lambda);
            }

            AddRow(
                new ExponentialStep(points[i], points[i + 1], prediction, stochastic: false),
                (states, outputs) => table.AddGridState(i + 1, states, outputs));
            row = stageRows[^1];

            void AddRow(ExponentialStep step, Func<IEnumerable<TableTerm>, IEnumerable<TableTerm>, int> add)
            {
                double[] weights = OutputWeights(step, [.. offsets]);
                stageRows.Add(add([new(stageRows[0], step.State)], weights.Select((w, k) => new TableTerm(stageRows[k], w))));
            }
        }

        return table.Build();
    }

    // Weights on the predictions at s and at the given offsets in lambda from it.
    private double[] OutputWeights(ExponentialStep step, double[] offsets)
    {
        double first = step.Weight(1);
        switch (offsets.Length)
        {
            case 1:
                return [first];
            case 2:
                double slope = (Type == SolverType.Midpoint ? 0.5 * first * step.H : step.Weight(2)) / offsets[1];
                return [first - slope, slope];
            case 3 when Type == SolverType.Midpoint:
                double last = step.Weight(2) / offsets[2];
                return [first - last, 0, last];
            default:
                return Moments.Match(offsets, [first, step.Weight(2), 2 * step.Weight(3)]);
        }
    }
}
