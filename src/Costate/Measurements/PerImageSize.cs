namespace Costate;

/// <summary>Numbers that depend on the size of the image, kept for the size last asked for.</summary>
internal sealed class PerImageSize(Func<int, int, double[]> make)
{
    private Entry? last;

    internal double[] At(long height, long width)
    {
        // Two threads may both make them; the numbers are the same.
        Entry? entry = last;
        if (entry is null || entry.Height != height || entry.Width != width)
        {
            last = entry = new Entry(height, width, make(checked((int)height), checked((int)width)));
        }

        return entry.Values;
    }

    private sealed record Entry(long Height, long Width, double[] Values);
}
