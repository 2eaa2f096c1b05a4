using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Costate;

/// <summary>
/// Philox4x32-10, the counter-based generator of Salmon et al. (2011): random bits as a function of a counter and a key, for four
/// counters at a time.
/// </summary>
internal static class Philox
{
    /// <summary>How many counters are done at a time.</summary>
    internal const int Lanes = 4;

    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    internal static (uint A, uint B, uint C, uint D) Block(uint c0, uint c1, uint c2, uint c3, ulong key)
    {
        (Vector256<ulong> a, Vector256<ulong> b, Vector256<ulong> c, Vector256<ulong> d) = Blocks(c0, c1, c2, c3, key);
        return ((uint)a[0], (uint)b[0], (uint)c[0], (uint)d[0]);
    }

    /// <summary>Fills a span with standard normal numbers (Box and Muller 1958), 53 bits each.</summary>
    /// <param name="values">What to fill.</param>
    /// <param name="seed">The key.</param>
    /// <param name="stream">Which item.</param>
    /// <param name="step">Which step.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void FillNormal(Span<double> values, ulong seed, uint stream, uint step)
    {
        Span<double> rest = stackalloc double[2 * Lanes];
        for (int i = 0; i < values.Length; i += 2 * Lanes)
        {
            // The last counter word parts this use of the generator from that of the tree.
            (Vector256<double> first, Vector256<double> second) = NormalPairs((uint)(i / 2), step, stream, 0, seed);
            Span<double> target = values.Length - i >= 2 * Lanes ? values[i..] : rest;
            ref double next = ref MemoryMarshal.GetReference(target);
            Interleave(first, second, ref next);
            if (target == rest)
            {
                rest[..(values.Length - i)].CopyTo(values[i..]);
            }
        }
    }

    /// <summary>Two independent standard normal numbers.</summary>
    internal static (double First, double Second) NormalPair(uint c0, uint c1, uint c2, uint c3, ulong key)
    {
        (Vector256<double> first, Vector256<double> second) = NormalPairs(c0, c1, c2, c3, key);
        return (first[0], second[0]);
    }

    /// <summary>Two independent standard normal numbers for each of the counters from c0 on, whose other words are the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (Vector256<double> First, Vector256<double> Second) NormalPairs(uint c0, uint c1, uint c2, uint c3, ulong key)
    {
        (Vector256<ulong> a, Vector256<ulong> b, Vector256<ulong> c, Vector256<ulong> d) = Blocks(c0, c1, c2, c3, key);
        Vector256<double> radius = Vector256.Sqrt(-2 * Vector256.Log(Unit(a, b)));
        (Vector256<double> sine, Vector256<double> cosine) = Vector256.SinCos(2 * Math.PI * Unit(c, d));
        return (radius * cosine, radius * sine);
    }

    // Words of 32 bits in lanes of 64, so that products fit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<ulong> A, Vector256<ulong> B, Vector256<ulong> C, Vector256<ulong> D) Blocks(
        uint first, uint second, uint third, uint fourth, ulong key)
    {
        Vector256<ulong> low = Vector256.Create((ulong)uint.MaxValue);
        Vector256<ulong> c0 = (Vector256.Create((ulong)first) + Vector256.Create(0UL, 1, 2, 3)) & low;
        Vector256<ulong> c1 = Vector256.Create((ulong)second), c2 = Vector256.Create((ulong)third), c3 = Vector256.Create((ulong)fourth);
        (uint k0, uint k1) = ((uint)key, (uint)(key >> 32));
        for (int round = 0; round < 10; round++)
        {
            Vector256<ulong> p0 = Product(c0, Multiplier0), p1 = Product(c2, Multiplier1);
            (c0, c1, c2, c3) = (
                (p1 >>> 32) ^ c1 ^ Vector256.Create((ulong)k0),
                p1 & low,
                (p0 >>> 32) ^ c3 ^ Vector256.Create((ulong)k1),
                p0 & low);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Product(Vector256<ulong> words, uint by) => Avx2.IsSupported
        ? Avx2.Multiply(words.AsUInt32(), Vector256.Create((ulong)by).AsUInt32())
        : words * by;

    // In (0, 1]: the logarithm exists.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Unit(Vector256<ulong> high, Vector256<ulong> low) =>
        Vector256.ConvertToDouble(((high << 21) | (low >>> 11)) + Vector256<ulong>.One) * (1.0 / (1UL << 53));

    // The pairs one after another.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interleave(Vector256<double> first, Vector256<double> second, ref double target)
    {
        if (Avx.IsSupported)
        {
            Vector256<double> even = Avx.UnpackLow(first, second), odd = Avx.UnpackHigh(first, second);
            Avx.Permute2x128(even, odd, 0x20).StoreUnsafe(ref target);
            Avx.Permute2x128(even, odd, 0x31).StoreUnsafe(ref target, Lanes);
            return;
        }

        for (int i = 0; i < Lanes; i++)
        {
            Unsafe.Add(ref target, 2 * i) = first[i];
            Unsafe.Add(ref target, (2 * i) + 1) = second[i];
        }
    }
}
