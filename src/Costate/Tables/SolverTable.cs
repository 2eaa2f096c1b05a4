using System.Collections.Concurrent;

namespace Costate;

/// <summary>
/// A solver on a grid: real numbers only. Row 0 is the start x_T and a later row is the sample; each is a state at which the
/// network may be evaluated. It is a general linear method, and its transpose is the solver's exact discrete adjoint.
/// </summary>
/// <remarks>Immutable and safe to share between threads. Make one with a <see cref="TableBuilder"/>.</remarks>
public sealed class SolverTable
{
    private readonly ConcurrentDictionary<Prediction, PredictionConversion[]> conversions = [];
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
        InputCount = noiseIntervals.Length;
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
            .. Numbers(row.States), .. Numbers(row.Outputs), .. Numbers(row.Inputs),
        ]),
        .. NoiseIntervals.SelectMany(interval => (double[])[interval.From, interval.To, interval.IsLevyArea ? 1 : 0]),
        SampleRow, .. (Reversal?.Start ?? []), .. (Reversal?.End ?? []),
    ]);

    private static IEnumerable<double> Numbers(IReadOnlyList<TableTerm> terms) =>
        [terms.Count, .. terms.SelectMany(term => (double[])[term.Index, term.Weight])];

    internal Reversal? Reversal { get; }

    /// <summary>The rows at which the network is evaluated for all that carries the state at the end of the grid.</summary>
    internal IReadOnlyList<int> EvaluatedRowsToTheEnd => evaluatedRowsToTheEnd;

    /// <summary>
    /// Whether a row is a state of a reversible solver that its inverse solves for, rather than a stage that it computes anew.
    /// </summary>
    internal bool IsCarrier(int i) => rows[i].SolvesFor is not null || Reversal?.Start.Contains(i) == true;

    /// <summary>The last row that uses the state of row i, or -1.</summary>
    internal int LastUseOfState(int i) => lastUseOfState[i];

    /// <summary>The last row that uses the prediction at row i, or -1 where the network is not evaluated.</summary>
    internal int LastUseOfOutput(int i) => lastUseOfOutput[i];

    /// <summary>Numbers of vectors from outside: of the noise, then of the controls.</summary>
    internal int InputCount { get; private init; }

    /// <summary>The grid point whose state each control is added to.</summary>
    internal IReadOnlyList<int> ControlledPoints { get; private init; } = [];

    /// <summary>The number of the input that is the control of a grid point.</summary>
    internal int ControlOf(int gridIndex) => NoiseIntervals.Count + Array.IndexOf([.. ControlledPoints], gridIndex);

    /// <summary>The same table with one more input for each of some grid points, which is added to the state there.</summary>
    internal SolverTable WithControls(IReadOnlyList<int> gridPoints) => new(
        Prediction,
        Schedule,
            [
                .. rows.Select(row =>
                    row.GridIndex is int i && gridPoints.Contains(i)
                        ? row.With([new(NoiseIntervals.Count + Array.IndexOf([.. gridPoints], i), 1)])
                        : row),
            ],
        [.. NoiseIntervals],
        Reversal)
    { InputCount = NoiseIntervals.Count + gridPoints.Count, ControlledPoints = gridPoints };

    /// <summary>How the output of a network of the given kind becomes the prediction of this table, at row i.</summary>
    internal PredictionConversion Conversion(Prediction network, int i)
    {
        PredictionConversion conversion = conversions.GetOrAdd(network, Bind)[i];
        return conversion.IsFinite ? conversion : PredictionConversion.Checked(network, rows[i].Prediction, PointOf(i));
    }

    /// <summary>How the prediction of this table at row i becomes one of another kind.</summary>
    internal PredictionConversion ConversionTo(Prediction kind, int i) =>
        PredictionConversion.Checked(rows[i].Prediction, kind, PointOf(i));

    private PredictionConversion[] Bind(Prediction network)
    {
        var bound = new PredictionConversion[rows.Length];
        foreach (int i in evaluatedRowsToTheEnd)
        {
            SchedulePoint at = PointOf(i);
            bound[i] = PredictionConversion.Between(network, rows[i].Prediction, at.Alpha, at.Sigma);
        }

        return bound;
    }

    private SchedulePoint PointOf(int i) => SchedulePoint.At(Schedule, rows[i].Time);
}
