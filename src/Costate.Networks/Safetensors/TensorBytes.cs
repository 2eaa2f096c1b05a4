using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Moves a tensor's data in chunks, so tensors above the 2 GB that a span can hold need no special case.</summary>
internal static class TensorBytes
{
    /// <summary>The largest piece that is handed on at once: large enough for a disk, small beside a network.</summary>
    internal const int DefaultChunkBytes = 8 << 20;

    internal delegate void Chunk(Span<byte> bytes);

    /// <summary>Lets <paramref name="fill"/> write a contiguous CPU tensor's bytes, first to last.</summary>
    internal static void Fill(Tensor tensor, Chunk fill, int chunkBytes = DefaultChunkBytes)
    {
        using DisposeScope scope = NewDisposeScope();
        FlatChunks(tensor.detach(), piece => fill(piece.bytes), chunkBytes);
    }

    /// <summary>Hands a tensor's elements to <paramref name="use"/> in row-major order, whatever its strides and device.</summary>
    internal static void Stream(Tensor tensor, Chunk use, int chunkBytes = DefaultChunkBytes)
    {
        using DisposeScope scope = NewDisposeScope();
        Pieces(tensor.detach(), use, chunkBytes);
    }

    private static void Pieces(Tensor tensor, Chunk use, int chunkBytes)
    {
        if (tensor.NumberOfElements == 0)
        {
            return;
        }

        if (tensor.is_contiguous())
        {
            FlatChunks(tensor, piece => use(OnCpu(piece).bytes), chunkBytes);
            return;
        }

        if (tensor.NumberOfElements * tensor.ElementSize <= chunkBytes)
        {
            using DisposeScope scope = NewDisposeScope();
            use(OnCpu(tensor).bytes);
            return;
        }

        // A copy of the whole would cost a second tensor, so go row by row; a row too large is split in its turn.
        long rows = tensor.shape[0];
        long rowBytes = tensor.NumberOfElements / rows * tensor.ElementSize;
        long step = Math.Max(1, chunkBytes / rowBytes);
        for (long row = 0; row < rows; row += step)
        {
            using DisposeScope scope = NewDisposeScope();
            bool single = rowBytes > chunkBytes;
            Pieces(single ? tensor.select(0, row) : tensor.narrow(0, row, Math.Min(step, rows - row)), use, chunkBytes);
        }
    }

    private static void FlatChunks(Tensor tensor, Action<Tensor> use, int chunkBytes)
    {
        if (tensor.NumberOfElements == 0)
        {
            return;
        }

        Tensor flat = tensor.view(-1);
        long step = chunkBytes / tensor.ElementSize;
        for (long start = 0; start < flat.NumberOfElements; start += step)
        {
            using DisposeScope scope = NewDisposeScope();
            use(flat.narrow(0, start, Math.Min(step, flat.NumberOfElements - start)));
        }
    }

    // A view may carry a pending conjugation or negation (the imaginary part of a conjugate), which the raw bytes do not show.
    private static Tensor OnCpu(Tensor tensor) => tensor.resolve_conj().resolve_neg().cpu().contiguous();
}
