namespace Costate;

/// <summary>
/// A solver on a grid: real numbers only. Row 0 is the start x_T and a later row is the sample; each is a state at which the
/// network may be evaluated. It is a general linear method, and its transpose is the solver's exact discrete adjoint.
/// </summary>
/// <remarks>Immutable and safe to share between threads. Make one with a <see cref="TableBuilder"/>.</remarks>
public sealed class SolverTable
{
    private readonly TableRow[] rows;
    private readonly int[] evaluatedRows;
    private readonly int[] evaluatedRowsToTheEnd;
    private readonly int[] lastUseOfState;
    private readonly int[] lastUseOfOutput;

    internal SolverTable(Prediction prediction, NoiseSchedule schedule, TableRow[] rows, NoiseInterval[] noiseIntervals, Reversal? reversal)
    {
        Prediction = prediction;
        Reversal = reversal;
        SampleRow = reversal?.Sample ?? rows.Length - 1;
        Schedule = schedule;
        NoiseIntervals = noiseIntervals;
        this.rows = rows;
        lastUseOfState = [.. Enumerable.Repeat(-1, rows.Length)];
        lastUseOfOutput = [.. Enumerable.Repeat(-1, rows.Length)];
        for (int i = 0; i < rows.Length; i++)
        {
            foreach (TableTerm term in rows[i].States)
            {
                lastUseOfState[term.Index] = i;
            }

            foreach (TableTerm term in rows[i].Outputs)
            {
                lastUseOfOutput[term.Index] = i;
            }
        }

        foreach (int carrier in reversal?.End ?? [])
        {
            lastUseOfState[carrier] = int.MaxValue;
        }

        evaluatedRowsToTheEnd = [.. Enumerable.Range(0, rows.Length).Where(i => lastUseOfOutput[i] >= 0)];
        evaluatedRows = [.. evaluatedRowsToTheEnd.Where(i => i < SampleRow)];
    }

    /// <summary>The prediction that the network's output is converted to before the weights apply, unless a row says otherwise.</summary>
    public Prediction Prediction { get; }

    /// <summary>The rows, the start first and the sample last; after the sample of a reversible solver comes its second copy.</summary>
    public IReadOnlyList<TableRow> Rows => rows;

    /// <summary>The row that is the sample.</summary>
    public int SampleRow { get; }

    /// <summary>What each noise vector stands for; empty for a deterministic solver.</summary>
    public IReadOnlyList<NoiseInterval> NoiseIntervals { get; }

    /// <summary>The rows at which the network is evaluated for the sample, ascending; their number is its cost.</summary>
    public IReadOnlyList<int> EvaluatedRows => evaluatedRows;

    internal NoiseSchedule Schedule { get; }

    /// <summary>A short name for all its numbers.</summary>
    internal string Fingerprint => Costate.Fingerprint.Of(
    [
        .. rows.SelectMany(row => (double[])
        [
            row.Time, row.NetworkTime, row.Interval, (int)row.Prediction, row.SolvesFor ?? -1,
            .. Numbers(row.States), .. Numbers(row.Outputs), .. Numbers(row.Noises),
        ]),
        .. NoiseIntervals.SelectMany(interval => (double[])[interval.From, interval.To, interval.IsLevyArea ? 1 : 0]),
        SampleRow, .. (Reversal?.Start ?? []), .. (Reversal?.End ?? []),
    ]);

    private static IEnumerable<double> Numbers(IReadOnlyList<TableTerm> terms) =>
        [terms.Count, .. terms.SelectMany(term => (double[])[term.Index, term.Weight])];

    internal Reversal? Reversal { get; }

    /// <summary>The rows at which the network is evaluated for all that carries the state at the end of the grid.</summary>
    internal IReadOnlyList<int> EvaluatedRowsToTheEnd => evaluatedRowsToTheEnd;

    /// <summary>Whether a row is a state of a reversible solver that its inverse solves for, rather than a stage that it computes anew.</summary>
    internal bool IsCarrier(int i) => rows[i].SolvesFor is not null || Reversal?.Start.Contains(i) == true;

    /// <summary>The last row that uses the state of row i, or -1.</summary>
    internal int LastUseOfState(int i) => lastUseOfState[i];

    /// <summary>The last row that uses the prediction at row i, or -1 where the network is not evaluated.</summary>
    internal int LastUseOfOutput(int i) => lastUseOfOutput[i];

    /// <summary>How the output of a network of the given kind becomes the prediction of this table, at row i.</summary>
    internal PredictionConversion Conversion(Prediction network, int i) =>
        PredictionConversion.Checked(network, rows[i].Prediction, SchedulePoint.At(Schedule, rows[i].Time));
}
