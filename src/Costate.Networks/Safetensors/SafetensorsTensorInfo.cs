using TorchSharp;

namespace Costate.Networks;

/// <summary>What a safetensors file says about one of its tensors, known without reading the tensor's data.</summary>
/// <remarks>Immutable, and safe to share between threads.</remarks>
public sealed class SafetensorsTensorInfo
{
    private readonly long[] _shape;

    internal SafetensorsTensorInfo(SafetensorsDtype dtype, long[] shape, long elementCount, long begin, long end)
    {
        Format = dtype;
        _shape = shape;
        Shape = Array.AsReadOnly(shape);
        ElementCount = elementCount;
        Begin = begin;
        End = end;
    }

    /// <summary>The name of the stored element type in the format, such as <c>F32</c> or <c>F8_E4M3</c>.</summary>
    public string DtypeName => Format.Name;

    /// <summary>
    /// The stored element type, which is also the type of the tensor that is read; null where TorchSharp has none, so that the tensor
    /// cannot be read: F4, F6, F8, U16, U32 and U64.
    /// </summary>
    public torch.ScalarType? Dtype => Format.Dtype;

    /// <summary>The sizes of the dimensions; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The number of elements, the product of <see cref="Shape"/>: one for a scalar.</summary>
    public long ElementCount { get; }

    /// <summary>The number of bytes that the tensor takes in the file, and in memory once it is read.</summary>
    public long ByteCount => End - Begin;

    internal SafetensorsDtype Format { get; }

    /// <summary>Where the tensor starts, in bytes from the start of the data section.</summary>
    internal long Begin { get; }

    /// <summary>The first byte after the tensor, counted like <see cref="Begin"/>.</summary>
    internal long End { get; }

    internal ReadOnlySpan<long> Sizes => _shape;

    /// <inheritdoc/>
    public override string ToString() => $"{Format.Name} [{string.Join(", ", _shape)}]";
}
