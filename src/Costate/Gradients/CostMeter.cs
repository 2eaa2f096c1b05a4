using static TorchSharp.torch;

namespace Costate;

/// <summary>Counts what a run costs while it runs.</summary>
internal sealed class CostMeter
{
    private int stored;
    private long storedBytes;
    private int peakStored;
    private long peakBytes;

    internal long Evaluations { get; set; }

    internal long Products { get; set; }

    internal GradientCost Total => new(Evaluations, Products, peakStored, peakBytes);

    internal void Store(Tensor tensor) => Count(1, tensor);

    internal void Release(Tensor tensor) => Count(-1, tensor);

    private void Count(int sign, Tensor tensor)
    {
        stored += sign;
        storedBytes += sign * tensor.numel() * tensor.element_size();
        peakStored = Math.Max(peakStored, stored);
        peakBytes = Math.Max(peakBytes, storedBytes);
    }
}
