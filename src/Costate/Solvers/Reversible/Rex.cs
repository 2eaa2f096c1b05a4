namespace Costate;

/// <summary>
/// The reversible exponential (stochastic) Runge-Kutta scheme: two coupled copies of the state, of which each step changes one at a
/// time, so that it can be undone (Blasingame and Liu 2025; coupling as McCallum and Foster 2024).
/// </summary>
internal sealed class Rex : ClockedSolver
{
    private readonly double coupling;

    internal Rex(ButcherTableau tableau, double coupling, Prediction prediction)
        : base(tableau, prediction)
    {
        this.coupling = coupling is > 0 and <= 1
            ? coupling
            : throw new ArgumentOutOfRangeException(
                nameof(coupling),
                coupling,
                $"Got coupling {coupling}; it must be in (0, 1]. The inverse divides by it.");
    }

    public override string Name => FormattableString.Invariant($"Rex({Tableau.Name}, {coupling:R}, {Prediction})");

    internal override string? Identity =>
        FormattableString.Invariant($"Rex {Tableau.Identity} in {Prediction} prediction, coupling {coupling:R}");

    public override bool IsReversible => true;

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid) => Tabulate(schedule, grid, []);

    /// <summary>The table with rows for the embedded errors of both increments of each step, in the units of x at the step's end.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="grid">The grid.</param>
    /// <param name="firstStep">The number of its first step in a longer run.</param>
    /// <param name="errorRows">The rows of the errors.</param>
    internal SolverTable TabulateWithErrors(NoiseSchedule schedule, TimeGrid grid, int firstStep, out int[] errorRows)
    {
        List<int> rows = [];
        SolverTable table = Tabulate(schedule, grid, rows, withErrors: true, firstStep);
        errorRows = [.. rows];
        return table;
    }

    private SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid, List<int> errorRows, bool withErrors = false, int firstStep = 0)
    {
        RefuseRisingGridIfStochastic(grid);
        var table = new TableBuilder(schedule, grid, Prediction) { FirstStep = firstStep };
        table.SetStart(ClockFor(table.Points[0], table.Points[1]).Prediction);
        int y = 0;
        int w = table.AddCarrier(0, 0, ClockFor(table.Points[0], table.Points[1]).Prediction, false, null, [new(0, 1)]);
        int[] start = [y, w];
        for (int i = 0; i < grid.Steps; i++)
        {
            (SchedulePoint s, SchedulePoint t) = (table.Points[i], table.Points[i + 1]);
            IntegrationClock clock = ClockFor(s, t);
            Prediction next = i + 1 < grid.Steps ? ClockFor(t, table.Points[i + 2]).Prediction : clock.Prediction;
            (int W, int? H)? noise = AddNoise(table, clock, s, t);

            // y' = zeta y + (1 - zeta) w + Psi_h(s, w), in x = kappa Y.
            var forth = new ExponentialIncrement(table, schedule, Tableau, clock, i, w, s, t, noise, reversed: false);
            y = table.AddCarrier(
                i + 1,
                i,
                clock.Prediction,
                true,
                y,
                [new(y, coupling * forth.State), new(w, (1 - coupling) * forth.State)],
                forth.Outputs(),
                forth.Noises());

            // w' = w - Psi_{-h}(s + h, y'): the increment ends at s, so its terms are carried to t as the state is.
            var back = new ExponentialIncrement(table, schedule, Tableau, clock, i, y, t, s, noise, reversed: true);
            w = table.AddCarrier(
                i + 1,
                Math.Min(i + 1, grid.Steps - 1),
                next,
                false,
                w,
                [new(w, forth.State)],
                back.Outputs(-forth.State),
                back.Noises(-forth.State));
            if (withErrors)
            {
                errorRows.Add(table.AddStage(i, t.Time, clock.Prediction, [], forth.Errors(), null));
                errorRows.Add(table.AddStage(i, t.Time, clock.Prediction, [], back.Errors(forth.State), null));
            }
        }

        return table.BuildReversible(sample: y, start, [y, w], OtherCarrier.Copy);
    }
}
