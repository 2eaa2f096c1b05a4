namespace Costate;

/// <summary>The order that a step of a multistep method can have.</summary>
internal static class MultistepOrder
{
    /// <summary>
    /// The wanted order, as far as there are earlier points with a finite lambda, as the policy for the final steps allows it, and 1 for a
    /// step that begins or ends where lambda is infinite.
    /// </summary>
    /// <param name="points">The grid.</param>
    /// <param name="i">The step, from 0.</param>
    /// <param name="order">The wanted order.</param>
    /// <param name="finalSteps">The policy for the final steps.</param>
    /// <param name="repeatsEnd">Whether the grid's end counts twice, so that the order falls one step later.</param>
    internal static int At(IReadOnlyList<SchedulePoint> points, int i, int order, FinalSteps finalSteps, bool repeatsEnd)
    {
        int cap = Cap(points.Count - (repeatsEnd ? 0 : 1) - i, order, finalSteps);
        int finite = 0;
        while (finite < order && i - finite >= 0 && double.IsFinite(points[i - finite].Lambda))
        {
            finite++;
        }

        return double.IsFinite(points[i + 1].Lambda) ? Math.Max(1, Math.Min(Math.Min(order, cap), finite)) : 1;
    }

    /// <summary>
    /// The orders of the last steps as the policy allows them, as text: as many as the order, which are all that it can lower.
    /// </summary>
    internal static string LastOrders(int order, FinalSteps finalSteps, bool repeatsEnd) =>
        string.Join(
            ", ",
            Enumerable.Range(repeatsEnd ? 2 : 1, order).Reverse().Select(left => Math.Min(order, Cap(left, order, finalSteps))));

    // Left are the steps from this one on.
    private static int Cap(int left, int order, FinalSteps finalSteps) => finalSteps switch
    {
        FinalSteps.EulerLast when left == 1 => 1,
        FinalSteps.LowerOrder => left,
        _ => order,
    };
}
