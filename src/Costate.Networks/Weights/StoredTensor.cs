using TorchSharp;

namespace Costate.Networks;

/// <summary>What a file of weights says about one of its tensors, known without reading the tensor's data.</summary>
/// <param name="DtypeName">The stored element type as safetensors names it, such as <c>F32</c> or <c>F8_E4M3</c>.</param>
/// <param name="Dtype">The element type of the tensor that is read; null where TorchSharp has none, so that it cannot be read.</param>
/// <param name="Shape">The sizes of the dimensions; empty for a scalar.</param>
/// <param name="ByteCount">The number of bytes of the tensor once it is read.</param>
public sealed record StoredTensor(string DtypeName, torch.ScalarType? Dtype, IReadOnlyList<long> Shape, long ByteCount)
{
    internal static StoredTensor Of(SafetensorsDtype dtype, IReadOnlyList<long> shape) =>
        new(dtype.Name, dtype.Dtype, shape, dtype.Bytes(shape.Aggregate(1L, (product, size) => product * size)) ?? 0);

    /// <inheritdoc/>
    public override string ToString() => $"{DtypeName} [{string.Join(", ", Shape)}]";
}
