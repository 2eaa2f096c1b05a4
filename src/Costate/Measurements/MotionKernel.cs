namespace Costate;

/// <summary>The blur of a camera that moves while the shutter is open.</summary>
internal static class MotionKernel
{
    // Points of the path for each pixel of its length: enough for its line to have no gaps.
    private const int PointsPerPixel = 4;

    // The last word of the counter parts this use of the generator from the others.
    private const uint MotionUse = 0x6d6f7665;

    /// <summary>
    /// A kernel [size, size] that sums to 1: a path of constant speed whose direction is a random walk, spread over pixels bilinearly.
    /// </summary>
    internal static double[] Draw(int size, double intensity, ulong seed)
    {
        (double X, double Y)[] path = Path(size, intensity, seed);
        (double left, double right) = (path.Min(p => p.X), path.Max(p => p.X));
        (double top, double bottom) = (path.Min(p => p.Y), path.Max(p => p.Y));

        // Centred, and shrunk where it would leave the kernel.
        double middle = (size - 1) / 2.0;
        double extent = Math.Max(right - left, bottom - top);
        double scale = extent > size - 1 ? (size - 1) / extent : 1;
        double[] kernel = new double[size * size];
        foreach ((double x, double y) in path)
        {
            Spread(
                kernel,
                size,
                middle + (scale * (x - ((left + right) / 2))),
                middle + (scale * (y - ((top + bottom) / 2))),
                1.0 / path.Length);
        }

        return kernel;
    }

    private static (double X, double Y)[] Path(int size, double intensity, ulong seed)
    {
        var path = new (double X, double Y)[Math.Max(1, (size - 1) * PointsPerPixel)];
        (double start, _) = Philox.NormalPair(0, 0, 0, MotionUse, seed);
        double direction = Math.PI * start;

        // Over its whole length the direction turns by pi times the intensity, in root mean square.
        double turn = Math.PI * intensity / Math.Sqrt(path.Length);
        for (int i = 1; i < path.Length; i++)
        {
            (double normal, _) = Philox.NormalPair((uint)i, 0, 0, MotionUse, seed);
            direction += turn * normal;
            path[i] = (path[i - 1].X + (Math.Cos(direction) / PointsPerPixel), path[i - 1].Y + (Math.Sin(direction) / PointsPerPixel));
        }

        return path;
    }

    private static void Spread(double[] kernel, int size, double x, double y, double weight)
    {
        (int column, int row) = ((int)Math.Floor(x), (int)Math.Floor(y));
        (double right, double below) = (x - column, y - row);
        Add(row, column, (1 - right) * (1 - below));
        Add(row, column + 1, right * (1 - below));
        Add(row + 1, column, (1 - right) * below);
        Add(row + 1, column + 1, right * below);

        void Add(int r, int c, double share)
        {
            kernel[(Math.Clamp(r, 0, size - 1) * size) + Math.Clamp(c, 0, size - 1)] += share * weight;
        }
    }
}
