using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The times of a grid between fixed ends as logarithms of the gaps between them, up to a common factor: whatever these are, the times
/// fall.
/// </summary>
internal static class StepGaps
{
    // Of the whole, where differences of times still have digits.
    private const double Smallest = 1e-9;

    /// <summary>The logarithms of a grid's gaps, [1, steps].</summary>
    internal static Tensor Of(TimeGrid grid) =>
        tensor(grid.Times.Zip(grid.Times.Skip(1), (a, b) => Math.Log(a - b)).ToArray(), [1, grid.Steps], ScalarType.Float64, CPU);

    /// <summary>The times, or null where two of them would meet.</summary>
    internal static double[]? Times(Tensor logarithms, double start, double end)
    {
        double[] gaps = Gaps(logarithms, start - end);
        double[] times = [start, .. gaps.Select((_, i) => start - gaps[..(i + 1)].Sum())];
        times[^1] = end;
        return gaps.All(gap => gap > Smallest * (start - end)) && times.Zip(times.Skip(1)).All(pair => pair.First > pair.Second)
            ? times
            : null;
    }

    /// <summary>A gradient with respect to the times as one with respect to the logarithms, [1, steps].</summary>
    internal static Tensor Gradient(Tensor logarithms, double start, double end, double[] ofTimes)
    {
        // A gap moves all times after it but the last, which is fixed.
        double[] gaps = Gaps(logarithms, start - end);
        double[] ofGaps = [.. gaps.Select((_, i) => -ofTimes[(i + 1)..^1].Sum())];
        double mean = gaps.Zip(ofGaps, (gap, its) => gap * its).Sum() / (start - end);
        return tensor(gaps.Zip(ofGaps, (gap, its) => gap * (its - mean)).ToArray(), [1, gaps.Length], ScalarType.Float64, CPU);
    }

    private static double[] Gaps(Tensor logarithms, double whole)
    {
        using DisposeScope scope = NewDisposeScope();
        return [.. logarithms[0].softmax(0).Times(whole).data<double>()];
    }
}
