using System.Globalization;
using Costate.Benchmarks.Memory;
using Costate.Benchmarks.Overhead;

namespace Costate.Benchmarks.Graphs;

/// <summary>What graphs that are kept save in time, and that they keep to their budget. Linux only: it reads /proc.</summary>
internal static class GraphsBenchmark
{
    private const int Turns = 15;
    private const double Mebibyte = 1024 * 1024;

    internal static IEnumerable<Figure> Run()
    {
        // Graphs are as large as what plain backpropagation holds, a tenth each.
        double all = MeasurementProcess.ReturningFreedMemory.Run<long>(nameof(GraphGrowth), "all");
        double none = MeasurementProcess.ReturningFreedMemory.Run<long>(nameof(GraphGrowth), "0");
        long each = (long)((all - none) / (UnetGradient.Steps - 1));
        yield return Time("Gradient(default) / Unrolled", 1.03, "all");
        yield return Time("Gradient(half of the graphs) / Unrolled", 1.27, Text(UnetGradient.Steps / 2 * each));
        yield return Time("Gradient(no graphs) / Gradient(States)", 1.02, "0");

        long budget = (long)(5.5 * each);
        double half = MeasurementProcess.ReturningFreedMemory.Run<long>(nameof(GraphGrowth), Text(budget));
        yield return new(
            "Peak growth with a budget for half of the graphs, over that without any, / the budget",
            (half - none) / budget,
            1.1,
            string.Create(CultureInfo.InvariantCulture, $"{none / Mebibyte:F0} MiB without, {half / Mebibyte:F0} with {budget / Mebibyte:F0}, {all / Mebibyte:F0} with all"));
    }

    /// <summary>In a child process: by how much one gradient raises the peak above what was resident before it.</summary>
    internal static long GraphGrowth(string budget)
    {
        using var gradient = new UnetGradient();
        GradientMethod method = Method(budget);
        for (int i = 0; i < 2; i++)
        {
            gradient.Run(GradientMethod.Discrete(Checkpointing.States));
        }

        MemoryMeasurement.Collect();
        ResidentMemory.ResetPeak();
        long before = ResidentMemory.CurrentBytes;
        gradient.Run(method);
        return ResidentMemory.PeakBytes - before;
    }

    /// <summary>In a child process: the time of one gradient beside another.</summary>
    internal static Figure Ratio(string name, double target, string budget)
    {
        using var gradient = new UnetGradient();
        GradientMethod reference = budget == "0" ? GradientMethod.Discrete(Checkpointing.States) : GradientMethod.Unrolled();
        int kept = 0;
        InterleavedRatio ratio = InterleavedRatio.MeasureTurns(
            () => kept = gradient.Run(Method(budget)).PeakKeptGraphs, () => gradient.Run(reference), Turns);
        return new(name, ratio.Value, target, string.Create(
            CultureInfo.InvariantCulture,
            $"{ratio.Work.TotalMilliseconds:F0} ms / {ratio.Reference.TotalMilliseconds:F0} ms, {kept} of {UnetGradient.Steps} graphs kept, "
                + $"{gradient.Parameters / 1e6:F1} million parameters; ratio of the medians {ratio.OfMedians:F3}"));
    }

    private static Figure Time(string name, double target, string budget) =>
        MeasurementProcess.KeepingFreedMemory.Run<Figure>(nameof(GraphsBenchmark), name, target, budget);

    private static GradientMethod Method(string budget) => budget == "all"
        ? GradientMethod.Discrete()
        : GradientMethod.Discrete(Checkpointing.Graphs(GraphBudget.OfBytes(long.Parse(budget, CultureInfo.InvariantCulture))));

    private static string Text(long bytes) => bytes.ToString(CultureInfo.InvariantCulture);
}
