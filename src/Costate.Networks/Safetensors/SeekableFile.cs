namespace Costate.Networks;

/// <summary>A file read at any position, with errors that say what to do.</summary>
/// <remarks>Read, not mapped: mapped pages would count as memory beside the network that they are copied into.</remarks>
internal sealed class SeekableFile : IDisposable
{
    private readonly FileStream _stream;

    private SeekableFile(string path, FileStream stream, long length) => (Path, _stream, Length) = (path, stream, length);

    internal string Path { get; }

    /// <summary>The file's length when it was opened.</summary>
    internal long Length { get; }

    /// <exception cref="SafetensorsException">The file is missing, shorter than the minimum or cannot be opened.</exception>
    internal static SeekableFile Open(string path, int minimumLength)
    {
        if (Directory.Exists(path))
        {
            throw new SafetensorsException($"Cannot read '{path}': it is a folder; expected a file. Name a file in it.");
        }

        FileStream? stream = null;
        try
        {
            // The reads are large or buffered where they are made.
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

            return new SeekableFile(path, stream, length);
        }
        catch (Exception e)
        {
            stream?.Dispose();
            throw e switch
            {
                SafetensorsException known => known,
                FileNotFoundException or DirectoryNotFoundException => new SafetensorsException(
                    $"Cannot read '{path}': there is no such file; expected a file of weights. Check the path.", e),
                UnauthorizedAccessException => new SafetensorsException(
                    $"Cannot read '{path}': access was denied; expected a file that this user may read. "
                    + "Change its permissions or copy it.",
                    e),
                _ => new SafetensorsException(
                    $"Cannot read '{path}': {e.Message} Expected a file that can be opened for reading. "
                    + "Check the path, and that no other program is writing the file.",
                    e),
            };
        }
    }

    /// <summary>Copies bytes out of the file; the range must lie inside <see cref="Length"/>.</summary>
    internal void Read(long position, Span<byte> destination)
    {
        ThrowIfDisposed();
        while (!destination.IsEmpty)
        {
            int read;
            try
            {
                read = RandomAccess.Read(_stream.SafeFileHandle, destination, position);
            }
            catch (IOException e)
            {
                throw new SafetensorsException(
                    $"Cannot read '{Path}': {e.Message} Expected a file on a disk that works. Copy it, and read the copy.", e);
            }

            if (read == 0)
            {
                throw new SafetensorsException(
                    $"Cannot read '{Path}': it holds {RandomAccess.GetLength(_stream.SafeFileHandle)} bytes; expected {Length} as when "
                        + "it was opened. "
                    + "Another program shortened it: open it again.");
            }

            position += read;
            destination = destination[read..];
        }
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(!_stream.CanRead, typeof(SafetensorsFile));

    public void Dispose() => _stream.Dispose();
}
