using System.Buffers.Binary;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Writes a safetensors file to a temporary file beside the target and moves it into place.</summary>
internal static class SafetensorsWriter
{
    internal static void Write(
        string path,
        IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        SafetensorsLayout layout = SafetensorsLayout.Of(tensors, metadata);
        string full = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(full) ?? full;
        if (Directory.Exists(full))
        {
            throw new SafetensorsException($"Cannot write '{path}': it is a folder; expected a file. Name a file in it.");
        }

        if (!Directory.Exists(folder))
        {
            throw new SafetensorsException(
                $"Cannot write '{path}': there is no folder '{folder}'; expected an existing one. Create it first.");
        }

        // The name does not follow the target's, which may already have the greatest length.
        string temporary = Path.Combine(folder, $".costate-{Path.GetRandomFileName()}");
        try
        {
            WriteTo(temporary, layout, progress, cancellationToken);
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e)
        {
            Delete(temporary);
            if (e is UnauthorizedAccessException or IOException)
            {
                throw new SafetensorsException(
                    $"Cannot write '{path}' of {layout.TotalBytes} bytes: {e.Message} Expected a folder that this user may "
                    + "write to, with room for the file. Check its permissions and free space.",
                    e);
            }

            throw;
        }
    }

    private static void WriteTo(
        string temporary, SafetensorsLayout layout, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,

            // The chunks are large, and reserving their space reports a full disk before any is written.
            BufferSize = 0,
            PreallocationSize = layout.TotalBytes,
        };
        using var stream = new FileStream(temporary, options);
        Span<byte> prefix = stackalloc byte[SafetensorsLimits.PrefixBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)layout.Header.Length);
        stream.Write(prefix);
        stream.Write(layout.Header);
        long written = 0;
        using (no_grad())
        {
            foreach (Tensor tensor in layout.Tensors)
            {
                TensorBytes.Stream(tensor, chunk =>
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    stream.Write(chunk);
                    written += chunk.Length;
                    progress?.Report(written);
                });
            }
        }

        // The last chunk may have been the one during which the caller gave up.
        cancellationToken.ThrowIfCancellationRequested();

        // Before the move, or a power cut could leave the new name with the old file's contents gone.
        stream.Flush(flushToDisk: true);
    }

    private static void Delete(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            // The write's own error says more than this one.
        }
    }
}
