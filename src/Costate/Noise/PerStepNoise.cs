using static TorchSharp.torch;

namespace Costate;

internal sealed class PerStepNoise(NoiseSeeds seeds) : BrownianPath
{
    internal override Tensor Normal(int step, NoiseInterval interval, Tensor like) => Draw(step, like.shape, like.dtype, like.device);

    internal override BrownianPath ForItems(IReadOnlyList<int> items) => new PerStepNoise(seeds.ForItems(items));

    internal override void Check(IReadOnlyList<NoiseInterval> intervals, Tensor like) => seeds.Check("noise", like.shape[0]);

    internal Tensor Draw(int step, long[] shape, ScalarType dtype, Device device)
    {
        int batch = checked((int)shape[0]);
        int size = checked((int)shape.Skip(1).Aggregate(1L, (a, b) => a * b));
        double[] values = new double[checked(batch * size)];
        for (int item = 0; item < batch; item++)
        {
            (ulong seed, uint stream) = seeds[item];
            Philox.FillNormal(values.AsSpan(item * size, size), seed, stream, (uint)step);
        }

        using Tensor drawn = tensor(values, shape, ScalarType.Float64);
        return drawn.to(dtype, device, copy: true);
    }
}
