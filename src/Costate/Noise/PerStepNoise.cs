using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

internal sealed class PerStepNoise(NoiseSeeds seeds) : BrownianPath
{
    internal override Tensor Normal(int step, NoiseInterval interval, Tensor like) => Draw(step, like.shape, like.dtype, like.device);

    internal override BrownianPath ForItems(IReadOnlyList<int> items) => new PerStepNoise(seeds.ForItems(items));

    internal override void Check(IReadOnlyList<NoiseInterval> intervals, Tensor like) => seeds.Check("noise", like.shape[0]);

    /// <summary>The numbers of an item of a new tensor, where they lie.</summary>
    internal static Span<double> Of(Tensor drawn, int item, int size)
    {
        using Tensor its = drawn[item];
        return MemoryMarshal.Cast<byte, double>(its.bytes);
    }

    internal Tensor Draw(int step, long[] shape, ScalarType dtype, Device device)
    {
        int batch = checked((int)shape[0]);
        int size = checked((int)shape.Skip(1).Aggregate(1L, (a, b) => a * b));
        Tensor drawn = empty(shape, ScalarType.Float64);
        for (int item = 0; item < batch; item++)
        {
            (ulong seed, uint stream) = seeds[item];
            Philox.FillNormal(Of(drawn, item, size), seed, stream, (uint)step);
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
