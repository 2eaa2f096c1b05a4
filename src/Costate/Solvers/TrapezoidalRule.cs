namespace Costate;

/// <summary>
/// Heun's method: an Euler step, then the mean of the slopes at both ends. In the clock sigma/alpha of noise prediction (Karras
/// et al. 2022, algorithm 1), or in time itself for a rectified flow.
/// </summary>
internal sealed class TrapezoidalRule : Solver
{
    public override string Name => "Heun";

    internal override string? Identity => Name;

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        bool flow = schedule is RectifiedFlowSchedule;
        var table = new TableBuilder(schedule, grid, flow ? Prediction.Flow : Prediction.Noise);
        int row = 0;
        for (int i = 0; i < grid.Steps; i++)
        {
            (SchedulePoint s, SchedulePoint t) = (table.Points[i], table.Points[i + 1]);
            double state = flow ? 1 : t.Alpha / s.Alpha;
            double euler = flow ? t.Time - s.Time : new ExponentialStep(s, t, Prediction.Noise, stochastic: false).Weight(1);

            // Where the noise ends the slope of the other end does not exist in noise prediction: the step stays Euler's.
            if (t.Sigma == 0)
            {
                row = table.AddGridState(i + 1, [new(row, state)], [new(row, euler)]);
                continue;
            }

            int predicted = table.AddStage(i, t.Time, [new(row, state)], [new(row, euler)]);
            row = table.AddGridState(i + 1, [new(row, state)], [new(row, 0.5 * euler), new(predicted, 0.5 * euler)]);
        }

        return table.Build();
    }
}
