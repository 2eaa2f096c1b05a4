namespace Costate;

/// <summary>
/// A step by the slope at one point within it, which another slope leads to: in the clock sigma/alpha of noise prediction, or in time for a
/// rectified flow.
/// </summary>
/// <param name="name">The solver's name.</param>
/// <param name="place">Of the point within the step: 1/2 for the midpoint rule, 1 for an implicit step whose end is predicted.</param>
/// <param name="reuses">Whether the slope of the step before leads to it, in place of one of its own.</param>
internal sealed class MidpointRule(string name, double place, bool reuses) : Solver
{
    public override string Name => name;

    internal override string? Identity => Name;

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        bool flow = schedule is RectifiedFlowSchedule;
        var table = new TableBuilder(schedule, grid, flow ? Prediction.Flow : Prediction.Noise);
        double Clock(SchedulePoint point) => flow ? point.Time : point.NoiseToSignal;
        int row = 0;
        int? slope = null;
        for (int i = 0; i < grid.Steps; i++)
        {
            (SchedulePoint s, SchedulePoint t) = (table.Points[i], table.Points[i + 1]);
            double clock = Clock(s) + (place * (Clock(t) - Clock(s)));

            // A start without signal has no clock in noise prediction, and the table refuses what follows.
            double time = place == 1 ? t.Time
                : flow ? clock
                : double.IsFinite(clock) ? schedule.TimeAtHalfLogSnr(-Math.Log(clock)) : s.Time;
            SchedulePoint within = SchedulePoint.At(schedule, time);

            // Where the noise ends there is no slope in noise prediction: the step is Euler's.
            int leads = reuses ? slope ?? row : row;
            int its = within.Sigma == 0 && !flow ? row
                : table.AddStage(i, time, [new(row, State(s, within))], [new(leads, Weight(s, within))]);
            row = table.AddGridState(i + 1, [new(row, State(s, t))], [new(its, Weight(s, t))]);
            slope = its;
        }

        return table.Build();

        double State(SchedulePoint from, SchedulePoint to) => flow ? 1 : to.Alpha / from.Alpha;

        // The step of Euler's method, or a part of it.
        double Weight(SchedulePoint from, SchedulePoint to) => flow ? to.Time - from.Time
            : new ExponentialStep(from, to, Prediction.Noise, stochastic: false).Weight(1);
    }
}
