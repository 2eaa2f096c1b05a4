namespace Costate;

/// <summary>Collects the rows of a <see cref="SolverTable"/>. Row 0, the start of the grid, is there from the beginning.</summary>
public sealed class TableBuilder
{
    private readonly List<TableRow> rows = [];
    private readonly List<NoiseInterval> noiseIntervals = [];
    private readonly NoiseSchedule schedule;
    private readonly TimeGrid grid;
    private readonly Prediction prediction;
    private readonly SchedulePoint[] points;

    /// <summary>A table with its first row.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="grid">The grid.</param>
    /// <param name="prediction">The prediction that the weights apply to.</param>
    public TableBuilder(NoiseSchedule schedule, TimeGrid grid, Prediction prediction)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(grid);
        this.schedule = schedule;
        this.grid = grid;
        this.prediction = prediction;
        points = [.. grid.Times.Select(t => SchedulePoint.At(schedule, t))];
        AddGridState(0, []);
    }

    /// <summary>The schedule at each grid point.</summary>
    internal IReadOnlyList<SchedulePoint> Points => points;

    /// <summary>The number of the grid's first step where the grid is a part of a longer run, for messages.</summary>
    internal int FirstStep { get; init; }

    /// <summary>Number of steps of the grid.</summary>
    internal int Steps => grid.Steps;

    /// <summary>Adds the state at a grid point.</summary>
    /// <param name="gridIndex">Which grid point.</param>
    /// <param name="states">Weights on earlier states, by row.</param>
    /// <param name="outputs">Weights on predictions at earlier states, by row. Zero weights are left out.</param>
    /// <param name="inputs">Weights on noise vectors, by the numbers that <see cref="AddNoise"/> gave them.</param>
    /// <param name="isFinal">False for a prediction that a later row corrects.</param>
    /// <returns>The number of the new row.</returns>
    public int AddGridState(
        int gridIndex,
        IEnumerable<TableTerm> states,
        IEnumerable<TableTerm>? outputs = null,
        IEnumerable<TableTerm>? inputs = null,
        bool isFinal = true) =>
        Add(
            grid.Times[gridIndex],
            grid.NetworkTimes[gridIndex],
            Math.Min(gridIndex, grid.Steps - 1),
            prediction,
            isFinal ? gridIndex : null,
            null,
            states,
            outputs,
            inputs);

    /// <summary>Adds a stage within a step.</summary>
    /// <param name="interval">Which step, from 0.</param>
    /// <param name="time">Time of the stage, in [0, 1].</param>
    /// <param name="states">Weights on earlier states, by row.</param>
    /// <param name="outputs">Weights on predictions at earlier states, by row. Zero weights are left out.</param>
    /// <param name="inputs">Weights on noise vectors, by the numbers that <see cref="AddNoise"/> gave them.</param>
    /// <returns>The number of the new row.</returns>
    public int AddStage(
        int interval,
        double time,
        IEnumerable<TableTerm> states,
        IEnumerable<TableTerm>? outputs = null,
        IEnumerable<TableTerm>? inputs = null) => AddStage(interval, time, prediction, states, outputs, inputs);

    /// <summary>Adds a stage whose prediction is of another kind than the table's.</summary>
    internal int AddStage(
        int interval,
        double time,
        Prediction kind,
        IEnumerable<TableTerm> states,
        IEnumerable<TableTerm>? outputs,
        IEnumerable<TableTerm>? inputs
    ) => Add(time, grid.NetworkTimeAt(interval, time), interval, kind, null, null, states, outputs, inputs);

    /// <summary>Adds a state of a reversible solver at a grid point.</summary>
    internal int AddCarrier(
        int gridIndex,
        int interval,
        Prediction kind,
        bool isGridState,
        int? solvesFor,
        IEnumerable<TableTerm> states,
        IEnumerable<TableTerm>? outputs = null,
        IEnumerable<TableTerm>? inputs = null) =>
        Add(
            grid.Times[gridIndex],
            grid.NetworkTimes[gridIndex],
            interval,
            kind,
            isGridState ? gridIndex : null,
            solvesFor,
            states,
            outputs,
            inputs);

    /// <summary>Adds a noise vector and returns its number.</summary>
    /// <param name="interval">What it stands for.</param>
    public int AddNoise(NoiseInterval interval)
    {
        noiseIntervals.Add(interval);
        return noiseIntervals.Count - 1;
    }

    /// <summary>The finished table; its last row is the sample.</summary>
    public SolverTable Build() => new(prediction, schedule, [.. rows], [.. noiseIntervals], null);

    /// <summary>The finished table of a reversible solver.</summary>
    internal SolverTable BuildReversible(int sample, int[] start, int[] end, OtherCarrier other) =>
        new(prediction, schedule, [.. rows], [.. noiseIntervals], new Reversal(sample, start, end, other));

    /// <summary>Says what the prediction at the start is, where it is not the table's.</summary>
    internal void SetStart(Prediction kind) =>
        rows[0] = new TableRow(new EvaluationPoint(rows[0].Time, rows[0].NetworkTime, FirstStep), kind, [], [], []) { GridIndex = 0 };

    private int Add(
        double time,
        double networkTime,
        int interval,
        Prediction kind,
        int? gridIndex,
        int? solvesFor,
        IEnumerable<TableTerm> states,
        IEnumerable<TableTerm>? outputs,
        IEnumerable<TableTerm>? inputs)
    {
        rows.Add(new TableRow(
            new EvaluationPoint(time, networkTime, FirstStep + interval),
            kind,
            Checked(states, rows.Count),
            Checked(outputs, rows.Count),
            Checked(inputs, noiseIntervals.Count))
        {
            GridIndex = gridIndex,
            SolvesFor = solvesFor,
        });
        return rows.Count - 1;

        TableTerm[] Checked(IEnumerable<TableTerm>? terms, int count)
        {
            TableTerm[] kept = [.. (terms ?? []).Where(term => term.Weight != 0)];
            foreach (TableTerm term in kept)
            {
                if (!double.IsFinite(term.Weight))
                {
                    throw new InvalidOperationException(
                        $"This solver has no finite coefficients for the step to time {time} on {schedule}, "
                            + $"where alpha = {schedule.Alpha(time):G6} and sigma = {schedule.Sigma(time):G6}{Cause(kind)}");
                }

                if (term.Index < 0 || term.Index >= count)
                {
                    throw new ArgumentOutOfRangeException(
                        nameof(states),
                        term.Index,
                        $"Got a term on number {term.Index}, but only {count} precede row {rows.Count}; a table is explicit.");
                }
            }

            return kept;
        }
    }

    // Only next to an end of the grid can there be no signal or no noise. Noise prediction divides by the one, data prediction by the
    // other.
    private string Cause(Prediction kind)
    {
        SchedulePoint[] ends = [.. points.Where(point => !double.IsFinite(point.Lambda))
            .OrderBy(point => (kind == Prediction.Data ? point.Sigma : point.Alpha) == 0 ? 0 : 1)];
        if (ends.Length == 0)
        {
            return $": in {kind} prediction its steps there are too uneven or too long. Take another grid or another solver.";
        }

        (string scale, string other) = ends[0].Alpha == 0
            ? ("alpha", $"{nameof(Solver.DpmSolverPlusPlus)} (data prediction)")
            : ("sigma", $"{nameof(Solver.Ddim)} (noise prediction)");
        return FormattableString.Invariant($": in {kind} prediction it cannot step from time {ends[0].Time:R}, where {scale} is 0. ")
            + $"Move that end of the grid inwards, or use a solver that can, such as {other}.";
    }
}
