using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// A map of images computed on overlapping tiles whose results are blended linearly where they overlap, as in diffusers: a quarter of a
/// tile overlaps the next one.
/// </summary>
/// <remarks>
/// A network that sees the whole image (a normalisation, attention) sees each tile instead, so the result differs from that without
/// tiles; it is a differentiable map of its own.
/// </remarks>
/// <param name="Size">Side of a tile, a multiple of 4.</param>
/// <param name="ResultSize">Side of its result, a multiple of 4.</param>
internal sealed record Tiling(int Size, int ResultSize)
{
    private int Step => Size - (Size / 4);

    private int Blend => ResultSize / 4;

    /// <summary>Whether an image [batch, channels, height, width] is larger than a tile.</summary>
    internal bool Splits(Tensor x) => x.shape[2] > Size || x.shape[3] > Size;

    /// <summary>The result for an image, in the caller's dispose scope.</summary>
    /// <param name="x">The image, [batch, channels, height, width].</param>
    /// <param name="map">The map of a tile, whose result is in proportion to it.</param>
    internal Tensor Map(Tensor x, Func<Tensor, Tensor> map)
    {
        using DisposeScope scope = NewDisposeScope();
        List<Tensor> rows = [];
        IReadOnlyList<Tensor>? above = null;
        for (long top = 0; top < x.shape[2]; top += Step)
        {
            List<Tensor> row = [];
            for (long left = 0; left < x.shape[3]; left += Step)
            {
                using Tensor tile = Cut(Cut(x, 2, top, Size), 3, left, Size);
                Tensor result = map(tile);
                if (above is not null)
                {
                    result = Blended(above[row.Count], result, 2);
                }

                row.Add(row.Count > 0 ? Blended(row[^1], result, 3) : result);
            }

            // What lies beyond is the next tile's, blended.
            long kept = ResultSize - Blend;
            rows.Add(cat([.. row.Select(result => Cut(Cut(result, 2, 0, kept), 3, 0, kept))], 3));
            above = row;
        }

        return cat(rows, 2).MoveToOuterDisposeScope();
    }

    private static Tensor Cut(Tensor x, int dimension, long start, long length) =>
        x.narrow(dimension, start, Math.Min(length, x.shape[dimension] - start));

    // The end of the one before fades out over the beginning of the next.
    private Tensor Blended(Tensor before, Tensor next, int dimension)
    {
        using DisposeScope scope = NewDisposeScope();
        long length = next.shape[dimension], extent = Math.Min(Blend, Math.Min(before.shape[dimension], length));
        Tensor weight = arange(0, extent, next.dtype, next.device).div_(extent).reshape(dimension == 2 ? [-1, 1] : [-1]);
        Tensor end = before.narrow(dimension, before.shape[dimension] - extent, extent), beginning = next.narrow(dimension, 0, extent);
        Tensor faded = (end * (1 - weight)) + (beginning * weight);
        return cat([faded, next.narrow(dimension, extent, length - extent)], dimension).MoveToOuterDisposeScope();
    }
}
