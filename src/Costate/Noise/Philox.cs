namespace Costate;

/// <summary>Philox4x32-10, the counter-based generator of Salmon et al. (2011): random bits as a function of a counter and a key.</summary>
internal static class Philox
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    internal static (uint A, uint B, uint C, uint D) Block(uint c0, uint c1, uint c2, uint c3, ulong key)
    {
        (uint k0, uint k1) = ((uint)key, (uint)(key >> 32));
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0;
            ulong p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }

    /// <summary>Fills a span with standard normal numbers (Box and Muller 1958), 53 bits each.</summary>
    /// <param name="values">What to fill.</param>
    /// <param name="seed">The key.</param>
    /// <param name="stream">Which item.</param>
    /// <param name="step">Which step.</param>
    internal static void FillNormal(Span<double> values, ulong seed, uint stream, uint step)
    {
        for (int i = 0; i < values.Length; i += 2)
        {
            // The last counter word parts this use of the generator from that of the tree.
            (values[i], double second) = NormalPair((uint)(i / 2), step, stream, 0, seed);
            if (i + 1 < values.Length)
            {
                values[i + 1] = second;
            }
        }
    }

    /// <summary>Two independent standard normal numbers.</summary>
    internal static (double First, double Second) NormalPair(uint c0, uint c1, uint c2, uint c3, ulong key)
    {
        (uint a, uint b, uint c, uint d) = Block(c0, c1, c2, c3, key);
        double radius = Math.Sqrt(-2 * Math.Log(Unit(a, b)));
        (double sine, double cosine) = Math.SinCos(2 * Math.PI * Unit(c, d));
        return (radius * cosine, radius * sine);
    }

    // In (0, 1]: the logarithm exists.
    private static double Unit(uint high, uint low) => ((((ulong)high << 21) | (low >> 11)) + 1) * (1.0 / (1UL << 53));
}
