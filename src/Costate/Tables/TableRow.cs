namespace Costate;

/// <summary>
/// One state of a sampling run as a combination of what came before and what comes from outside:
/// <c>x[i] = sum A x[j] + sum B m[j] + sum C u[k]</c>, with <c>m[j]</c> the network's prediction at state <c>j</c> and <c>u[k]</c> the
/// inputs.
/// </summary>
public sealed class TableRow
{
    internal TableRow(EvaluationPoint at, Prediction prediction, TableTerm[] states, TableTerm[] outputs, TableTerm[] inputs)
    {
        At = at;
        Prediction = prediction;
        States = states;
        Outputs = outputs;
        Inputs = inputs;
    }

    /// <summary>Time of this state, in [0, 1].</summary>
    public double Time => At.Time;

    /// <summary>The time that the network is told when evaluated here.</summary>
    public double NetworkTime => At.NetworkTime;

    /// <summary>The interval of the grid whose condition the network sees when evaluated here.</summary>
    public int Interval => At.Interval;

    /// <summary>The grid point whose final state this row is, or null for a stage or a prediction that is corrected later.</summary>
    public int? GridIndex { get; internal init; }

    /// <summary>What the network's output is converted to when evaluated here, before the weights of later rows apply.</summary>
    public Prediction Prediction { get; }

    /// <summary>
    /// For a reversible solver, the earlier state that this row can be solved for when the row itself and its other terms are known;
    /// null for a stage, which is computed anew instead.
    /// </summary>
    public int? SolvesFor { get; internal init; }

    /// <summary>Weights on earlier states (A), by row.</summary>
    public IReadOnlyList<TableTerm> States { get; }

    /// <summary>Weights on the network's predictions at earlier states (B), by row.</summary>
    public IReadOnlyList<TableTerm> Outputs { get; }

    /// <summary>
    /// Weights on vectors from outside (C), by number: first the standard normal vectors of <see cref="SolverTable.NoiseIntervals"/>, then
    /// any controls.
    /// </summary>
    public IReadOnlyList<TableTerm> Inputs { get; }

    internal EvaluationPoint At { get; }

    /// <summary>The same row with further inputs.</summary>
    internal TableRow With(IEnumerable<TableTerm> inputs) =>
        new(At, Prediction, [.. States], [.. Outputs], [.. Inputs, .. inputs]) { GridIndex = GridIndex, SolvesFor = SolvesFor };
}
