using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A virtual Brownian tree on the half line of clock values. Each octave [2^k, 2^(k+1)) is a cell of its own, whose W and H come from a
/// counter; inside it the path is bisected, again from a counter for each node, and the last bisection is at the very point asked for.
/// </summary>
/// <remarks>
/// Octaves, because the clocks span many powers of two and every step is then resolved relative to its own clock; and because the path is
/// then on all of the half line, without ends that two runs would have to agree on. All node positions are exact in 64 bits.
/// </remarks>
internal sealed class BrownianTree : BrownianPath
{
    // The lowest cell is [0, 2^Lowest); no schedule goes there but to start at 0 itself.
    private const int Lowest = -80;
    private const int MaxLevels = 30;

    private readonly NoiseSeeds seeds;
    private readonly int levels;
    private readonly BrownianBridge half;

    // Never changed once it is there, so that threads may share the path.
    private Stretch? last;

    /// <summary>A tree; a bridge other than the midpoint's is for tests that must fail.</summary>
    internal BrownianTree(NoiseSeeds seeds, double resolution, BrownianBridge? half = null)
    {
        levels = resolution >= Math.ScaleB(1, -MaxLevels) && resolution <= 0.5
            ? (int)Math.Ceiling(-Math.Log2(resolution))
                : throw new ArgumentOutOfRangeException(
                    nameof(resolution),
                    resolution,
                    $"Got resolution {resolution}; it is a fraction of the clock from 1e-9 to 0.5.");
        (this.seeds, this.half) = (seeds, half ?? BrownianBridge.Half);
    }

    private double Resolution => Math.ScaleB(1, -levels);

    internal override BrownianPath ForItems(IReadOnlyList<int> items) => new BrownianTree(seeds.ForItems(items), Resolution, half);

    internal override Tensor Normal(int step, NoiseInterval interval, Tensor like)
    {
        // Draws that stand for no stretch of the path (CycleDiffusion's states) come from the counters of steps, which no node uses.
        if (interval.From == interval.To)
        {
            return new PerStepNoise(seeds).Normal(step, interval, like);
        }

        Require(interval);
        Stretch stretch = Of(interval, like);
        using Tensor drawn = tensor(interval.IsLevyArea ? stretch.Areas : stretch.Increments, like.shape, ScalarType.Float64);
        return drawn.to(like.dtype, like.device, copy: true);
    }

    // A solver asks for the increment and the area of a stretch, and again on its way back: the last stretch is kept.
    private Stretch Of(NoiseInterval interval, Tensor like)
    {
        (int batch, int size) = (checked((int)like.shape[0]), checked((int)(like.numel() / like.shape[0])));
        if (last is Stretch kept && (kept.From, kept.To, kept.Batch) == (interval.From, interval.To, batch)
            && kept.Increments.Length == batch * size)
        {
            return kept;
        }

        var stretch = new Stretch(interval.From, interval.To, batch, new double[checked(batch * size)], new double[checked(batch * size)]);
        for (int item = 0; item < batch; item++)
        {
            Fill(stretch, item, size);
        }

        return last = stretch;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Fill(Stretch stretch, int item, int size)
    {
        (ulong seed, uint stream) = seeds[item];
        double scale = 1 / Math.Sqrt(Math.Abs(stretch.To - stretch.From));
        Span<double> increments = stretch.Increments.AsSpan(item * size, size), areas = stretch.Areas.AsSpan(item * size, size);
        Span<double> padded = stackalloc double[Philox.Lanes];
        for (int i = 0; i < size; i += Philox.Lanes)
        {
            BrownianIncrement increment = Between(stretch.From, stretch.To, seed, stream, (uint)i);
            Put(increment.W * scale, increments[i..], padded);
            Put(increment.H * (scale * Math.Sqrt(12)), areas[i..], padded);
        }

        static void Put(Vector256<double> values, Span<double> target, Span<double> padded)
        {
            values.CopyTo(padded);
            padded[..Math.Min(Philox.Lanes, target.Length)].CopyTo(target);
        }
    }

    internal override void Check(IReadOnlyList<NoiseInterval> intervals, Tensor like)
    {
        seeds.Check("noise", like.shape[0]);

        // A step to sigma = 0 adds no noise: the table does not use its interval, which is endless in data prediction.
        foreach (NoiseInterval interval in intervals.Where(i => i.From != i.To && double.IsFinite(i.From) && double.IsFinite(i.To)))
        {
            Require(interval);
        }
    }

    /// <summary>W and H of four elements, from the given one on, from one clock value to another, in either direction.</summary>
    internal BrownianIncrement Between(double from, double to, ulong seed, uint stream, uint element)
    {
        if (from > to)
        {
            return Between(to, from, seed, stream, element).Reversed;
        }

        var draw = new Source(seed, stream, element);
        (int first, int last) = (CellOf(from), CellOf(to));
        if (first == last)
        {
            return Inside(draw, Cell(draw, first), from, to);
        }

        BrownianIncrement sum = After(draw, Cell(draw, first), from);
        for (int cell = first + 1; cell < last; cell++)
        {
            sum = BrownianIncrement.Join(sum, Cell(draw, cell).Increment);
        }

        return BrownianIncrement.Join(sum, Before(draw, Cell(draw, last), to));
    }

    private BrownianIncrement Inside(Source draw, Node node, double from, double to)
    {
        while (from != node.Start || to != node.End)
        {
            (Node left, Node right) = Halves(draw, node);
            if (from < right.Start && to > right.Start)
            {
                return BrownianIncrement.Join(After(draw, left, from), Before(draw, right, to));
            }

            node = to <= right.Start ? left : right;
        }

        return node.Increment;
    }

    // The part of a node before a point.
    private BrownianIncrement Before(Source draw, Node node, double point)
    {
        BrownianIncrement sum = default;
        while (point > node.Start && point < node.End)
        {
            if (node.Level == levels)
            {
                return BrownianIncrement.Join(sum, At(draw, node, point).Left);
            }

            (Node left, Node right) = Halves(draw, node);
            sum = point >= right.Start ? BrownianIncrement.Join(sum, left.Increment) : sum;
            node = point >= right.Start ? right : left;
        }

        return point == node.Start ? sum : BrownianIncrement.Join(sum, node.Increment);
    }

    // The part of a node after a point.
    private BrownianIncrement After(Source draw, Node node, double point)
    {
        BrownianIncrement sum = default;
        while (point > node.Start)
        {
            if (node.Level == levels)
            {
                return BrownianIncrement.Join(At(draw, node, point).Right, sum);
            }

            (Node left, Node right) = Halves(draw, node);
            sum = point < right.Start ? BrownianIncrement.Join(right.Increment, sum) : sum;
            node = point < right.Start ? left : right;
        }

        return BrownianIncrement.Join(node.Increment, sum);
    }

    // A leaf is split where the point is, by the exact law, so that no step is interpolated. Two points in one leaf would share its
    // normals; no step is that short (see Require). Across runs it helps: points that differ by rounding get values that do, too.
    private static (BrownianIncrement Left, BrownianIncrement Right) At(Source draw, Node leaf, double point) =>
        new BrownianBridge((point - leaf.Start) / leaf.Increment.Length).Split(leaf.Increment, draw.Normals(leaf.Cell, leaf.Number));

    private (Node Left, Node Right) Halves(Source draw, Node node)
    {
        (BrownianIncrement left, BrownianIncrement right) = half.Split(node.Increment, draw.Normals(node.Cell, node.Number));
        return (
            new(node.Cell, 2 * node.Number, node.Level + 1, node.Start, left),
            new(node.Cell, (2 * node.Number) + 1, node.Level + 1, node.Start + left.Length, right));
    }

    private static Node Cell(Source draw, int cell)
    {
        double length = Math.ScaleB(1, Lowest + Math.Max(0, cell - 1));
        (Vector256<double> w, Vector256<double> h) = draw.Normals(cell, 0);
        return new(cell, 1, 0, cell == 0 ? 0 : length, new(length, Math.Sqrt(length) * w, Math.Sqrt(length / 12) * h));
    }

    private static int CellOf(double value) => value < Math.ScaleB(1, Lowest) ? 0 : Math.ILogB(value) - Lowest + 1;

    private void Require(NoiseInterval interval)
    {
        (double low, double high) = (Math.Min(interval.From, interval.To), Math.Max(interval.From, interval.To));
        if (!(low >= 0 && double.IsFinite(high)))
        {
            throw new ArgumentException(
                FormattableString.Invariant($"Got the stretch of path from {interval.From:R} to {interval.To:R}; ")
                    + "a path runs on the clock of the solver, from 0 to any finite value. "
                    + "Move the end of the grid where the clock is infinite inwards.");
        }

        // A leaf is never longer than this, so that a step has its ends in two.
        if (high - low < Resolution * Math.Max(high, Math.ScaleB(1, Lowest)))
        {
            throw new ArgumentException(
                FormattableString.Invariant($"Got a step from {interval.From:R} to {interval.To:R} on the clock of the solver, ")
                    + FormattableString.Invariant($"{(high - low) / high:E1} of it; this path resolves {Resolution:E1}. ")
                    + $"Pass a finer resolution to {nameof(BrownianPath)}.{nameof(Tree)}, or take fewer steps.");
        }
    }

    // Number counts the nodes of a cell as a heap does: 1 is the whole cell, 2n and 2n + 1 the halves of n. 0 is left for the cell's own
    // draw.
    private readonly record struct Node(int Cell, uint Number, int Level, double Start, BrownianIncrement Increment)
    {
        internal double End => Start + Increment.Length;
    }

    private readonly record struct Source(ulong Seed, uint Stream, uint Element)
    {
        // The last counter word is 0 where noise is drawn step by step, and never here.
        internal (Vector256<double> First, Vector256<double> Second) Normals(int cell, uint node) =>
            Philox.NormalPairs(Element, node, Stream, (uint)cell + 1, Seed);
    }

    /// <summary>A stretch of the paths of a batch, as standard normal numbers.</summary>
    private sealed record Stretch(double From, double To, int Batch, double[] Increments, double[] Areas);
}
