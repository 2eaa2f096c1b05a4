namespace Costate;

/// <summary>The numbers of the optimal binomial checkpointing schedule (Griewank and Walther 2000).</summary>
internal static class RevolveSchedule
{
    /// <summary>
    /// Forward steps needed to reverse a chain of <paramref name="length"/> steps with <paramref name="slots"/> checkpoints, its first
    /// state being one.
    /// </summary>
    internal static long Cost(int length, int slots)
    {
        int r = 0;
        while (Binomial(slots + r, slots) < length)
        {
            r++;
        }

        return ((long)r * length) - Binomial(slots + r, slots + 1);
    }

    /// <summary>How far to advance from the checkpoint before placing the next one.</summary>
    internal static int Split(int length, int slots)
    {
        if (slots == 1)
        {
            return length - 1;
        }

        // The cost of a split is convex in m, since t(., c) is: find where its slope stops falling below zero.
        (int low, int high) = (1, length - 1);
        while (low < high)
        {
            int m = (low + high) / 2;
            if (CostOfSplit(m + 1) < CostOfSplit(m))
            {
                low = m + 1;
            }
            else
            {
                high = m;
            }
        }

        return low;

        long CostOfSplit(int m) => m + Cost(length - m, slots - 1) + Cost(m, slots);
    }

    // Saturates: a binomial beyond any chain's length only has to be large.
    private static long Binomial(int n, int k)
    {
        double value = 1;
        for (int i = 1; i <= Math.Min(k, n - k); i++)
        {
            value = value * (n - Math.Min(k, n - k) + i) / i;
        }

        return k > n ? 0 : (long)Math.Round(Math.Min(value, 1e15));
    }
}
