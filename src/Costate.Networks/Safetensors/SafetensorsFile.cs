using System.Buffers.Binary;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A safetensors file, open for reading: named tensors, and text about them.</summary>
/// <remarks>
/// <para>
/// The file is untrusted: its header is checked in full when it is opened, against the file's real size, before
/// anything is allocated from what it says. Opening costs one pass over the header, and a
/// tensor's bytes come off the disk when it is read. A file may hold any element type of the format; those that can be read and
/// written are F64, F32, F16, BF16, C64, I64, I32, I16, I8, U8 and BOOL.
/// </para>
/// <para>
/// Reading is safe from several threads at once; disposing is not safe during a read. Tensors that were read own
/// their memory and outlive the file object. A program that shortens the file while it is open is noticed;
/// <see cref="Write"/> never changes a file in place.
/// </para>
/// <para>Source: the format as described by its reference implementation, https://github.com/huggingface/safetensors.</para>
/// </remarks>
public sealed class SafetensorsFile : IDisposable
{
    private readonly SeekableFile _file;
    private readonly SafetensorsHeader _header;
    private readonly long _dataStart;

    private SafetensorsFile(SeekableFile file)
    {
        _file = file;
        (_header, _dataStart) = ReadHeader(file);
    }

    /// <summary>The names of the tensors, in the order of the file's header.</summary>
    public IReadOnlyList<string> Names => _header.Names;

    /// <summary>The file's text about itself (the header's <c>__metadata__</c>); empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The open file; dispose it when the tensors have been read.</returns>
    /// <exception cref="SafetensorsException">
    /// There is no such file, it cannot be opened, or its header breaks the format or its limit of 100 MB.
    /// </exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SeekableFile file = SeekableFile.Open(path, SafetensorsLimits.PrefixBytes + SafetensorsLimits.MinHeaderBytes);
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes tensors to a file, which appears complete or not at all.</summary>
    /// <param name="path">The file; an existing one is replaced. Its folder must exist.</param>
    /// <param name="tensors">
    /// Names and tensors, such as a dictionary: any shape, device and strides; F64, F32, F16, BF16, C64, I64, I32, I16, I8, U8 or
    /// BOOL. They are neither changed nor disposed.
    /// </param>
    /// <param name="metadata">Text about the file, kept as its <c>__metadata__</c>.</param>
    /// <param name="progress">Told after each chunk how many bytes of tensor data have been written.</param>
    /// <param name="cancellationToken">Ends the write between two chunks; the file is then as it was before.</param>
    /// <remarks>
    /// The same contents give the same bytes, whatever their order: the widest element types come first, then
    /// names in ordinal order, and metadata is sorted too. Data is written in chunks of a few megabytes, which is all the
    /// memory that a tensor on another device or with gaps between its elements costs. The data goes to a hidden file
    /// in the same folder, is flushed to the disk and then moved into place.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// A name occurs twice, is <c>__metadata__</c> or is not valid text; a tensor is null, disposed, sparse, of an
    /// unsupported element type or of more than 64 dimensions; or the header would exceed 100 MB. Nothing is written.
    /// </exception>
    /// <exception cref="SafetensorsException">The folder does not exist, or the file system refused the write.</exception>
    /// <exception cref="OperationCanceledException">The write was cancelled.</exception>
    public static void Write(
        string path,
        IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        SafetensorsWriter.Write(path, tensors, metadata, progress, cancellationToken);
    }

    /// <summary>Says what is known of a tensor without reading it.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <returns>The tensor's element type and shape.</returns>
    /// <exception cref="SafetensorsException">The file has no tensor of that name.</exception>
    public SafetensorsTensorInfo Info(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (_header.Tensors.TryGetValue(name, out SafetensorsTensorInfo? info))
        {
            return info;
        }

        string[] near = NearNames.Find(name, Names);
        string hint = near.Length == 0
            ? $"It holds {Names.Count} tensors."
            : $"The nearest of its {Names.Count} names: {string.Join(", ", near.Select(ErrorText.Quote))}.";
        throw new SafetensorsException(
            $"'{_file.Path}' has no tensor {ErrorText.Quote(name)}; expected a name from the file. {hint}");
    }

    /// <summary>Reads a tensor.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <returns>
    /// A new contiguous tensor on the CPU, in the stored shape and element type and without gradient, in the
    /// caller's dispose scope.
    /// </returns>
    /// <remarks>
    /// Costs the tensor's own size in memory.
    /// </remarks>
    /// <exception cref="SafetensorsException">
    /// The file has no tensor of that name or one of an element type that TorchSharp does not have, it was changed since it was opened,
    /// or memory does not suffice.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The file has been disposed.</exception>
    public Tensor Read(string name)
    {
        SafetensorsTensorInfo info = Info(name);
        _file.ThrowIfDisposed();
        using DisposeScope scope = NewDisposeScope();
        using (no_grad())
        {
            Tensor tensor = Allocate(name, info);
            long position = _dataStart + info.Begin;
            TensorBytes.Fill(tensor, chunk =>
            {
                _file.Read(position, chunk);
                position += chunk.Length;
            });

            // A byte of a truth value is not to be trusted either: torch counts on 0 and 1.
            return (info.Dtype == ScalarType.Bool ? tensor.ne(0) : tensor).MoveToOuterDisposeScope();
        }
    }

    /// <summary>Copies a tensor of numbers into a parameter of as many elements, piece by piece.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="parameter">The parameter, contiguous.</param>
    /// <param name="check">Is shown what is stored, piece by piece.</param>
    internal void Fill(string name, Tensor parameter, Action<Tensor> check)
    {
        SafetensorsTensorInfo info = Info(name);
        _file.ThrowIfDisposed();
        TensorBytes.Fill(parameter, info.Dtype!.Value, _dataStart + info.Begin, _file, check);
    }

    /// <summary>Reads all tensors.</summary>
    /// <param name="progress">Told after each tensor how many bytes of tensor data have been read.</param>
    /// <param name="cancellationToken">Ends the reading between two tensors; those read so far are disposed.</param>
    /// <returns>The tensors by name, as <see cref="Read"/> gives them, in the caller's dispose scope.</returns>
    /// <remarks>Costs the file's size in memory.</remarks>
    /// <exception cref="SafetensorsException">As for <see cref="Read"/>; the message names the tensor.</exception>
    /// <exception cref="ObjectDisposedException">The file has been disposed.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public IReadOnlyDictionary<string, Tensor> ReadAll(
        IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        _file.ThrowIfDisposed();
        using DisposeScope scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>(Names.Count, StringComparer.Ordinal);
        long bytes = 0;
        foreach (string name in Names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            tensors.Add(name, Read(name));
            bytes += Info(name).ByteCount;
            progress?.Report(bytes);
        }

        // Only now that all are read: an error before this disposes those that were.
        foreach (Tensor tensor in tensors.Values)
        {
            tensor.MoveToOuterDisposeScope();
        }

        return tensors;
    }

    /// <summary>Closes the file. Tensors that were read stay valid, and so do the names and infos.</summary>
    public void Dispose() => _file.Dispose();

    private static (SafetensorsHeader Header, long DataStart) ReadHeader(SeekableFile file)
    {
        long available = file.Length - SafetensorsLimits.PrefixBytes;
        Span<byte> prefix = stackalloc byte[SafetensorsLimits.PrefixBytes];
        file.Read(0, prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length < SafetensorsLimits.MinHeaderBytes || length > (ulong)available)
        {
            throw SafetensorsException.Damaged(
                file.Path,
                $"its header's length is given as {length} bytes",
                $"{SafetensorsLimits.MinHeaderBytes} to {available} in a file of {file.Length} bytes");
        }

        if (length > SafetensorsLimits.MaxHeaderBytes)
        {
            throw new SafetensorsException(
                $"Cannot read '{file.Path}': its header has {length} bytes; expected at most {SafetensorsLimits.MaxHeaderBytes}, "
                    + "the limit of "
                + "the format. Split the file, or write less metadata.");
        }

        // At most the file's own size, so a small hostile file cannot ask for a large allocation.
        byte[] json = new byte[length];
        file.Read(SafetensorsLimits.PrefixBytes, json);
        long dataLength = available - json.Length;
        return (SafetensorsHeader.Parse(file.Path, json, dataLength), SafetensorsLimits.PrefixBytes + json.Length);
    }

    private Tensor Allocate(string name, SafetensorsTensorInfo info)
    {
        if (info.Dtype is not { } dtype)
        {
            throw new SafetensorsException(
                $"Cannot read tensor {ErrorText.Quote(name)} of '{_file.Path}': its dtype is {info.DtypeName}, "
                    + "of which there are no tensors here; "
                + $"expected one of {SafetensorsDtype.ReadableNames}. Convert it in the file first.");
        }

        TorchLibraries.Require();
        try
        {
            return empty(info.Sizes, dtype == ScalarType.Bool ? ScalarType.Byte : dtype, CPU);
        }
        catch (ExternalException e)
        {
            throw new SafetensorsException(
                $"Cannot read tensor {ErrorText.Quote(name)} of '{_file.Path}': it takes {info.ByteCount} bytes, "
                + "which could not be allocated; expected that much free memory. Free some or read fewer tensors.",
                e);
        }
    }
}
