using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Moves a tensor's data in chunks, so tensors above the 2 GB that a span can hold need no special case.</summary>
internal static class TensorBytes
{
    /// <summary>The largest piece that is handed on at once: large enough for a disk, small beside a network.</summary>
    internal const int DefaultChunkBytes = 8 << 20;

    // What is converted on its way: a piece that stays in the processor's cache.
    private const int StagedElements = 1 << 18;

    internal delegate void Chunk(Span<byte> bytes);

    /// <summary>Lets <paramref name="fill"/> write a contiguous CPU tensor's bytes, first to last.</summary>
    internal static void Fill(Tensor tensor, Chunk fill, int chunkBytes = DefaultChunkBytes)
    {
        using DisposeScope scope = NewDisposeScope();
        FlatChunks(tensor.detach(), piece => fill(piece.bytes), chunkBytes);
    }

    /// <summary>Copies elements that lie in a file into a parameter of as many, whatever its dtype and device, in pieces.</summary>
    /// <param name="parameter">The parameter, contiguous.</param>
    /// <param name="dtype">The dtype in the file.</param>
    /// <param name="position">Where they begin in the file.</param>
    /// <param name="file">The file.</param>
    /// <param name="check">Is shown each piece as it is stored.</param>
    internal static void Fill(Tensor parameter, ScalarType dtype, long position, SeekableFile file, Action<Tensor> check)
    {
        using DisposeScope scope = NewDisposeScope();
        bool isDirect = parameter.dtype == dtype && parameter.device_type == DeviceType.CPU;
        Tensor? staging = isDirect ? null : empty(Math.Min(parameter.numel(), StagedElements), dtype, CPU);
        FlatChunks(
            parameter.detach(),
            piece =>
            {
                Tensor stored = staging?.narrow(0, 0, piece.numel()) ?? piece;
                Span<byte> bytes = stored.bytes;
                file.Read(position, bytes);
                position += bytes.Length;
                check(stored);
                if (staging is not null)
                {
                    piece.copy_(stored);
                }
            },
            isDirect ? DefaultChunkBytes : StagedElements * (int)parameter.element_size());
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
