namespace Costate;

/// <summary>Matrices that filter and resample a row of pixels: [size / factor, size], row by row.</summary>
internal static class ResamplingMatrix
{
    internal static double[] AveragePooling(int size, int factor)
    {
        double[] matrix = new double[size / factor * size];
        for (int i = 0; i < size; i++)
        {
            matrix[(i / factor * size) + i] = 1.0 / factor;
        }

        return matrix;
    }

    internal static double[] Bicubic(int size, int factor)
    {
        double[] matrix = new double[size / factor * size];
        for (int i = 0; i < size / factor; i++)
        {
            double centre = ((i + 0.5) * factor) - 0.5;
            int first = (int)Math.Ceiling(centre - (2 * factor));
            int last = (int)Math.Floor(centre + (2 * factor));
            double[] weights = [.. Enumerable.Range(first, last - first + 1).Select(j => Cubic((centre - j) / factor))];
            Spread(matrix.AsSpan(i * size, size), first, weights, j => Mirrored(j, size));
        }

        return matrix;
    }

    internal static double[] Gaussian(int size, double deviation, int width)
    {
        double[] matrix = new double[size * size];
        int radius = width / 2;
        double[] weights = [.. Enumerable.Range(-radius, width).Select(j => Math.Exp(-0.5 * j * j / (deviation * deviation)))];
        for (int i = 0; i < size; i++)
        {
            Spread(matrix.AsSpan(i * size, size), i - radius, weights, j => Reflected(j, size));
        }

        return matrix;
    }

    private static void Spread(Span<double> row, int first, double[] weights, Func<int, int> inside)
    {
        double sum = weights.Sum();
        for (int j = 0; j < weights.Length; j++)
        {
            row[inside(first + j)] += weights[j] / sum;
        }
    }

    // Keys (1981), a = -1/2.
    private static double Cubic(double x)
    {
        double d = Math.Abs(x);
        return d switch
        {
            <= 1 => (((1.5 * d) - 2.5) * d * d) + 1,
            < 2 => (((((-0.5 * d) + 2.5) * d) - 4) * d) + 2,
            _ => 0,
        };
    }

    // ... 1 0 | 0 1 2 ...: the edge is between pixels.
    private static int Mirrored(int j, int size)
    {
        int position = Modulo(j, 2 * size);
        return position < size ? position : (2 * size) - 1 - position;
    }

    // ... 2 1 | 0 1 2 ...: the edge is a pixel.
    private static int Reflected(int j, int size)
    {
        if (size == 1)
        {
            return 0;
        }

        int position = Modulo(j, (2 * size) - 2);
        return position < size ? position : (2 * size) - 2 - position;
    }

    private static int Modulo(int j, int period) => ((j % period) + period) % period;
}
