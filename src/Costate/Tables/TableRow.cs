namespace Costate;

/// <summary>
/// One state of a sampling run as a combination of what came before:
/// <c>x[i] = sum A x[j] + sum B m[j] + sum C n[k]</c>, with <c>m[j]</c> the network's prediction at state <c>j</c>.
/// </summary>
public sealed class TableRow
{
    internal TableRow(double time, double networkTime, int interval, Prediction prediction, TableTerm[] states, TableTerm[] outputs, TableTerm[] noises)
    {
        Time = time;
        NetworkTime = networkTime;
        Interval = interval;
        Prediction = prediction;
        States = states;
        Outputs = outputs;
        Noises = noises;
    }

    /// <summary>Time of this state, in [0, 1].</summary>
    public double Time { get; }

    /// <summary>The time that the network is told when evaluated here.</summary>
    public double NetworkTime { get; }

    /// <summary>The interval of the grid whose condition the network sees when evaluated here.</summary>
    public int Interval { get; }

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

    /// <summary>Weights on standard normal vectors (C), by noise interval.</summary>
    public IReadOnlyList<TableTerm> Noises { get; }
}
