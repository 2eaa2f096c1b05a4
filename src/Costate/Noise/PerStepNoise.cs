using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

internal sealed class PerStepNoise(NoiseSeeds seeds) : BrownianPath
{
    // Bytes.
    private const int LargestSpan = 1 << 30;

    internal override Tensor Normal(int step, NoiseInterval interval, Tensor like) => Draw(step, like.shape, like.dtype, like.device);

    internal override BrownianPath ForItems(IReadOnlyList<int> items) => new PerStepNoise(seeds.ForItems(items));

    internal override void Check(IReadOnlyList<NoiseInterval> intervals, Tensor like) => seeds.Check("noise", like.shape[0]);

    internal Tensor Draw(int step, long[] shape, ScalarType dtype, Device device)
    {
        int batch = checked((int)shape[0]);
        int size = checked((int)shape.Skip(1).Aggregate(1L, (a, b) => a * b));
        Tensor drawn = empty(shape, ScalarType.Float64, CPU);

        // As many items as one span may have: a tensor for each would take longer than its numbers, where they are few.
        int together = Math.Max(1, LargestSpan / (sizeof(double) * size));
        for (int first = 0; first < batch; first += together)
        {
            int count = Math.Min(together, batch - first);
            using Tensor some = drawn.narrow(0, first, count);
            Span<double> values = MemoryMarshal.Cast<byte, double>(some.bytes);
            if (size < 2 * Philox.Lanes)
            {
                Philox.FillNormal(values, size, seeds, first, (uint)step);
                continue;
            }

            for (int item = 0; item < count; item++)
            {
                (ulong seed, uint stream) = seeds[first + item];
                Philox.FillNormal(values.Slice(item * size, size), seed, stream, (uint)step);
            }
        }

        if (dtype == ScalarType.Float64 && device.type == DeviceType.CPU)
        {
            return drawn;
        }

        using (drawn)
        {
            return drawn.to(dtype, device, copy: true);
        }
    }
}
