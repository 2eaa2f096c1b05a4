namespace Costate;

/// <summary>What an exact discrete adjoint keeps of the forward run.</summary>
public abstract class Checkpointing
{
    private protected Checkpointing()
    {
    }

    /// <summary>
    /// At most <paramref name="slots"/> checkpoints, placed by the optimal binomial schedule (Griewank and Walther 2000, Revolve).
    /// </summary>
    /// <remarks>
    /// A checkpoint holds the state and the few earlier predictions that a multistep solver still uses. For N evaluations the run
    /// costs t(N + 1, slots) evaluations without a graph (the sample's own N included) and N with one, where
    /// t(N, c) = r N - C(c + r, c + 1) and r is the integer with C(c + r - 1, c) &lt; N &lt;= C(c + r, c).
    /// </remarks>
    /// <param name="slots">How many checkpoints, the start included.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="slots"/> is less than 1.</exception>
    public static Checkpointing Revolve(int slots) => slots >= 1
        ? new RevolveCheckpointing(slots)
        : throw new ArgumentOutOfRangeException(nameof(slots), slots, $"Got {slots} slots; the start takes one, so at least 1.");

    internal abstract StateTape Record(SamplingRun run, int? lastSteps);
}
