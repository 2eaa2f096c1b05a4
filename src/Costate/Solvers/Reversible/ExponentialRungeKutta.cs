namespace Costate;

/// <summary>The increment Psi on its own: an explicit Runge-Kutta scheme for <c>Y = x/kappa</c> (a Lawson method).</summary>
internal sealed class ExponentialRungeKutta : ClockedSolver
{
    internal ExponentialRungeKutta(ButcherTableau tableau, Prediction prediction)
        : base(tableau, prediction)
    {
    }

    public override string Name => $"ExponentialRungeKutta({Tableau.Name}, {Prediction})";

    internal override string? Identity => $"exponential Runge-Kutta {Tableau.Identity} in {Prediction} prediction";

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        RefuseRisingGridIfStochastic(grid);
        var table = new TableBuilder(schedule, grid, Prediction);
        int row = 0;
        for (int i = 0; i < grid.Steps; i++)
        {
            (SchedulePoint s, SchedulePoint t) = (table.Points[i], table.Points[i + 1]);
            IntegrationClock clock = ClockFor(s, t);
            if (i == 0)
            {
                table.SetStart(clock.Prediction);
            }

            var increment = new ExponentialIncrement(
                table,
                schedule,
                Tableau,
                clock,
                i,
                row,
                s,
                t,
                AddNoise(table, clock, s, t),
                reversed: false);
            Prediction next = i + 1 < grid.Steps ? ClockFor(t, table.Points[i + 2]).Prediction : clock.Prediction;
            row = table.AddCarrier(
                i + 1,
                Math.Min(i + 1, grid.Steps - 1),
                next,
                true,
                null,
                [new(row, increment.State)],
                increment.Outputs(),
                increment.Noises());
        }

        return table.Build();
    }
}
