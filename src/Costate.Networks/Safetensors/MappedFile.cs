using System.IO.MemoryMappedFiles;

namespace Costate.Networks;

/// <summary>A file mapped into memory for reading, with errors that say what to do.</summary>
internal sealed class MappedFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;

    private MappedFile(string path, FileStream stream, long length)
    {
        Path = path;
        Length = length;
        _stream = stream;
        _map = MemoryMappedFile.CreateFromFile(
            stream, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        try
        {
            _view = _map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        }
        catch
        {
            _map.Dispose();
            throw;
        }
    }

    internal string Path { get; }

    /// <summary>The file's length when it was opened.</summary>
    internal long Length { get; }

    /// <exception cref="SafetensorsException">The file is missing, shorter than the minimum or cannot be opened.</exception>
    internal static MappedFile Open(string path, int minimumLength)
    {
        if (Directory.Exists(path))
        {
            throw new SafetensorsException($"Cannot read '{path}': it is a folder; expected a file. Name a file in it.");
        }

        FileStream? stream = null;
        try
        {
            // A buffer would be in the way of a mapping.
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (!stream.CanSeek)
            {
                throw new SafetensorsException(
                    $"Cannot read '{path}': it is a pipe or a device; expected a file. Write it to a file first.");
            }

            long length = stream.Length;
            if (length < minimumLength)
            {
                throw SafetensorsException.Damaged(
                    path, $"it holds {length} bytes", $"at least {minimumLength}, a header's length and a header");
            }

            return new MappedFile(path, stream, length);
        }
        catch (Exception e)
        {
            stream?.Dispose();
            throw e switch
            {
                SafetensorsException known => known,
                FileNotFoundException or DirectoryNotFoundException => new SafetensorsException(
                    $"Cannot read '{path}': there is no such file; expected a safetensors file. Check the path.", e),
                UnauthorizedAccessException => new SafetensorsException(
                    $"Cannot read '{path}': access was denied; expected a file that this user may read. "
                    + "Change its permissions or copy it.",
                    e),
                _ => new SafetensorsException(
                    $"Cannot read '{path}': {e.Message} Expected a file that can be opened and mapped for reading. "
                    + "Check the path, and that no other program is writing the file.",
                    e),
            };
        }
    }

    /// <summary>Copies bytes out of the file; the range must lie inside <see cref="Length"/>.</summary>
    internal void Read(long position, Span<byte> destination)
    {
        ThrowIfDisposed();

        // Touching mapped pages behind the end of a file that was shortened ends the process.
        long length = RandomAccess.GetLength(_stream.SafeFileHandle);
        if (length < Length)
        {
            throw new SafetensorsException(
                $"Cannot read '{Path}': it holds {length} bytes; expected {Length} as when it was opened. "
                + "Another program shortened it: open it again.");
        }

        _view.SafeMemoryMappedViewHandle.ReadSpan((ulong)(_view.PointerOffset + position), destination);
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(!_stream.CanRead, typeof(SafetensorsFile));

    public void Dispose()
    {
        _view.Dispose();
        _map.Dispose();
        _stream.Dispose();
    }
}
