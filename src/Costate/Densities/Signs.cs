using static TorchSharp.torch;

namespace Costate;

/// <summary>Vectors of independent random signs, the probes of a trace.</summary>
internal static class Signs
{
    // The last word of the counter parts this use of the generator from the others.
    private const uint Use = 0x7369676e;

    /// <summary>[batch times probes, size] in 64 bits; those of an item depend on its seed alone.</summary>
    internal static Tensor Draw(NoiseSeeds seeds, int batch, int probes, int size)
    {
        seeds.Check("seed", batch);
        double[] signs = new double[checked(batch * probes * size)];
        for (int item = 0; item < batch; item++)
        {
            (ulong seed, uint stream) = seeds[item];
            for (int probe = 0; probe < probes; probe++)
            {
                Span<double> row = signs.AsSpan(((item * probes) + probe) * size, size);
                uint bits = 0;
                for (int i = 0; i < size; i++)
                {
                    bits = i % 32 == 0 ? Philox.Block((uint)(i / 32), (uint)probe, stream, Use, seed).A : bits >> 1;
                    row[i] = (bits & 1) == 0 ? -1 : 1;
                }
            }
        }

        return tensor(signs, [(long)batch * probes, size], ScalarType.Float64, CPU);
    }
}
