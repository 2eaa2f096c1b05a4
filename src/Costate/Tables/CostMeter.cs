using static TorchSharp.torch;

namespace Costate;

/// <summary>Counts what a run costs while it runs.</summary>
internal sealed class CostMeter
{
    private int stored;
    private long storedBytes;
    private int peakStored;
    private long peakBytes;
    private int graphs;

    internal long Evaluations { get; set; }

    /// <summary>Predictions, each of one evaluation or, under guidance, two.</summary>
    internal long Predictions { get; set; }

    internal long Products { get; set; }

    /// <summary>About what kept graphs took, as it was measured while they were made.</summary>
    internal long PeakGraphBytes { get; private set; }

    internal GradientCost Total => new(Evaluations, Products, peakStored, peakBytes) { PeakKeptGraphs = graphs };

    /// <summary>Counts a state that is kept; one in two words is one state.</summary>
    internal void Store(Tensor tensor, Tensor? remainder = null) => Count(1, tensor, remainder);

    internal void Release(Tensor tensor, Tensor? remainder = null) => Count(-1, tensor, remainder);

    /// <summary>Counts the graphs that are kept, and their bytes where they are known.</summary>
    internal void Keep(int count, long bytes) => (graphs, PeakGraphBytes) = (Math.Max(graphs, count), Math.Max(PeakGraphBytes, bytes));

    private void Count(int sign, Tensor tensor, Tensor? remainder)
    {
        stored += sign;
        storedBytes += sign * tensor.numel() * tensor.element_size() * (remainder is null ? 1 : 2);
        peakStored = Math.Max(peakStored, stored);
        peakBytes = Math.Max(peakBytes, storedBytes);
    }
}
