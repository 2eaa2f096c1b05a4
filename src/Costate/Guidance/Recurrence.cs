namespace Costate;

/// <summary>
/// How often each step is repeated, with noise added back between the repeats ("time travel"). A number converts to the same at every step.
/// </summary>
/// <param name="Count">How often a step within the stretch is taken, at least 1; the others are taken once.</param>
/// <param name="From">The first time of the stretch, inclusive: towards noise.</param>
/// <param name="To">The last time of the stretch, inclusive: towards data.</param>
public readonly record struct Recurrence(int Count, double From = 1, double To = 0)
{
    /// <summary>The same at every step.</summary>
    /// <param name="count">How often each step is taken.</param>
    public static implicit operator Recurrence(int count) => new(count);

    internal int At(double time) => time <= From && time >= To ? Count : 1;
}
