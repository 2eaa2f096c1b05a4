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
        (Vector256<ulong> a, Vector256<ulong> b, Vector256<ulong> c, Vector256<ulong> d) =
            Blocks(Vector256.Create((ulong)c0), c1, Vector256.Create((ulong)c2), c3, Vector256.Create(key));
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

    /// <summary>The same for many short items, one after another, whose pairs share the lanes.</summary>
    /// <param name="values">What to fill.</param>
    /// <param name="size">Numbers of an item.</param>
    /// <param name="seeds">Seed and stream of each.</param>
    /// <param name="first">The first item.</param>
    /// <param name="step">Which step.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void FillNormal(Span<double> values, int size, NoiseSeeds seeds, int first, uint step)
    {
        Span<ulong> counters = stackalloc ulong[Lanes], streams = stackalloc ulong[Lanes], keys = stackalloc ulong[Lanes];
        Span<double> drawn = stackalloc double[2 * Lanes];

        // How many numbers of each lane's pair are wanted: 2, or 1 at the end of an item of an odd size.
        Span<int> wanted = stackalloc int[Lanes];
        int item = first, pair = 0;
        while (values.Length > 0)
        {
            int lanes = 0;
            for (int left = values.Length; left > 0 && lanes < Lanes; lanes++)
            {
                (keys[lanes], uint stream) = seeds[item];
                (counters[lanes], streams[lanes]) = ((ulong)pair, stream);
                wanted[lanes] = Math.Min(2, size - (2 * pair));
                left -= wanted[lanes];
                (item, pair) = 2 * (pair + 1) < size ? (item, pair + 1) : (item + 1, 0);
            }

            FillNormal(drawn, counters, step, streams, keys);
            if (size % 2 == 0)
            {
                // Every pair is wanted whole.
                int count = Math.Min(drawn.Length, values.Length);
                drawn[..count].CopyTo(values);
                values = values[count..];
                continue;
            }

            for (int lane = 0; lane < lanes; lane++)
            {
                drawn.Slice(2 * lane, wanted[lane]).CopyTo(values);
                values = values[wanted[lane]..];
            }
        }
    }

    // A method of its own: within a longer one the compiler no longer inlines what it calls, which takes five times as long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void FillNormal(
        Span<double> values, ReadOnlySpan<ulong> counters, uint step, ReadOnlySpan<ulong> streams, ReadOnlySpan<ulong> keys)
    {
        (Vector256<double> even, Vector256<double> odd) = NormalPairs(
            Vector256.Create(counters), step, Vector256.Create(streams), 0, Vector256.Create(keys));
        Interleave(even, odd, ref MemoryMarshal.GetReference(values));
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
        Vector256<ulong> counters = Vector256.Create((ulong)c0) + Vector256.Create(0UL, 1, 2, 3);
        return NormalPairs(
            counters & Vector256.Create((ulong)uint.MaxValue), c1, Vector256.Create((ulong)c2), c3, Vector256.Create(key));
    }

    // Two numbers for each lane's counter, stream and key.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<double> First, Vector256<double> Second) NormalPairs(
        Vector256<ulong> c0, uint c1, Vector256<ulong> c2, uint c3, Vector256<ulong> key)
    {
        (Vector256<ulong> a, Vector256<ulong> b, Vector256<ulong> c, Vector256<ulong> d) = Blocks(c0, c1, c2, c3, key);
        Vector256<double> radius = Vector256.Sqrt(-2 * Vector256.Log(Unit(a, b)));
        (Vector256<double> sine, Vector256<double> cosine) = Vector256.SinCos(2 * Math.PI * Unit(c, d));
        return (radius * cosine, radius * sine);
    }

    // Words of 32 bits in lanes of 64, so that products fit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<ulong> A, Vector256<ulong> B, Vector256<ulong> C, Vector256<ulong> D) Blocks(
        Vector256<ulong> c0, uint second, Vector256<ulong> c2, uint fourth, Vector256<ulong> key)
    {
        Vector256<ulong> low = Vector256.Create((ulong)uint.MaxValue);
        Vector256<ulong> c1 = Vector256.Create((ulong)second), c3 = Vector256.Create((ulong)fourth), k0 = key & low, k1 = key >>> 32;
        for (int round = 0; round < 10; round++)
        {
            Vector256<ulong> p0 = Product(c0, Multiplier0), p1 = Product(c2, Multiplier1);
            (c0, c1, c2, c3) = ((p1 >>> 32) ^ c1 ^ k0, p1 & low, (p0 >>> 32) ^ c3 ^ k1, p0 & low);
            k0 = (k0 + Vector256.Create((ulong)Weyl0)) & low;
            k1 = (k1 + Vector256.Create((ulong)Weyl1)) & low;
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
