namespace Costate;

/// <summary>What an exact discrete adjoint keeps of the forward run. The gradient is the same, to the bit, whatever was kept.</summary>
public sealed class Checkpointing
{
    private Checkpointing(int? slots, GraphBudget graphs) => (Slots, GraphsKept) = (slots, graphs);

    /// <summary>
    /// The graphs of the last evaluations in half of the free memory, and the states of all: what gradients do by default.
    /// </summary>
    public static Checkpointing Default { get; } = Graphs(GraphBudget.Default);

    /// <summary>The state of every evaluation, and no graph: N evaluations without a graph and N with one.</summary>
    public static Checkpointing States { get; } = new(null, GraphBudget.None);

    /// <summary>Checkpoints of Revolve; null for all states.</summary>
    internal int? Slots { get; }

    /// <summary>What graphs may take.</summary>
    internal GraphBudget GraphsKept { get; }

    /// <summary>
    /// The graphs of the last evaluations while they fit a budget: what fits is evaluated once, the rest twice or as the others say.
    /// </summary>
    /// <param name="budget">What they may take.</param>
    /// <param name="others">What is kept for evaluations whose graphs do not fit. The default is <see cref="States"/>.</param>
    public static Checkpointing Graphs(GraphBudget budget, Checkpointing? others = null)
    {
        ArgumentNullException.ThrowIfNull(budget);
        return new Checkpointing(others?.Slots, budget);
    }

    /// <summary>
    /// At most <paramref name="slots"/> checkpoints, placed by the optimal binomial schedule (Griewank and Walther 2000, Revolve), and no
    /// graphs.
    /// </summary>
    /// <remarks>
    /// A checkpoint holds the state and the few earlier predictions that a multistep solver still uses. For N evaluations the run
    /// costs t(N + 1, slots) evaluations without a graph (the sample's own N included) and N with one, where
    /// t(N, c) = r N - C(c + r, c + 1) and r is the integer with C(c + r - 1, c) &lt; N &lt;= C(c + r, c). Within
    /// <see cref="Graphs"/>, N counts the evaluations whose graphs do not fit.
    /// </remarks>
    /// <param name="slots">How many checkpoints, the start included.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="slots"/> is less than 1.</exception>
    public static Checkpointing Revolve(int slots) => slots >= 1
        ? new Checkpointing(slots, GraphBudget.None)
        : throw new ArgumentOutOfRangeException(nameof(slots), slots, $"Got {slots} slots; the start takes one, so at least 1.");

    /// <inheritdoc/>
    public override string ToString() => (Slots, ReferenceEquals(GraphsKept, GraphBudget.None)) switch
    {
        (null, true) => nameof(States),
        (int slots, true) => FormattableString.Invariant($"Revolve({slots})"),
        (null, false) => $"Graphs({GraphsKept})",
        (int slots, false) => FormattableString.Invariant($"Graphs({GraphsKept}, Revolve({slots}))"),
    };

    internal StateTape Record(SamplingRun run, int? lastSteps) => Slots is int slots
        ? new RevolveTape(run, slots, GraphsKept, lastSteps)
        : new DiscreteTape(run, GraphsKept, lastSteps);
}
