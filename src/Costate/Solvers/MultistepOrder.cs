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
        int steps = points.Count - (repeatsEnd ? 0 : 1);
        int cap = finalSteps switch
        {
            FinalSteps.EulerLast when i == steps - 1 => 1,
            FinalSteps.LowerOrder => steps - i,
            _ => order,
        };
        int finite = 0;
        while (finite < order && i - finite >= 0 && double.IsFinite(points[i - finite].Lambda))
        {
            finite++;
        }

        return double.IsFinite(points[i + 1].Lambda) ? Math.Max(1, Math.Min(Math.Min(order, cap), finite)) : 1;
    }
}
