using TorchSharp;

namespace Costate.Networks;

/// <summary>An element type: its name in the format, TorchSharp's type (null where there is none) and its size.</summary>
internal sealed record SafetensorsDtype(string Name, torch.ScalarType? Dtype, int Bits)
{
    /// <summary>
    /// All types of the format, widest first. A file holds its tensors in this order, so each starts at a multiple of
    /// its element size; it is also the order in which the format's reference implementation writes.
    /// </summary>
    internal static readonly SafetensorsDtype[] All =
    [
        new("U64", null, 64),
        new("I64", torch.ScalarType.Int64, 64),
        new("F64", torch.ScalarType.Float64, 64),
        new("C64", torch.ScalarType.ComplexFloat32, 64),
        new("F32", torch.ScalarType.Float32, 32),
        new("U32", null, 32),
        new("I32", torch.ScalarType.Int32, 32),
        new("BF16", torch.ScalarType.BFloat16, 16),
        new("F16", torch.ScalarType.Float16, 16),
        new("U16", null, 16),
        new("I16", torch.ScalarType.Int16, 16),
        new("F8_E5M2FNUZ", null, 8),
        new("F8_E4M3FNUZ", null, 8),
        new("F8_E8M0", null, 8),
        new("F8_E4M3", null, 8),
        new("F8_E5M2", null, 8),
        new("I8", torch.ScalarType.Int8, 8),
        new("U8", torch.ScalarType.Byte, 8),
        new("F6_E3M2", null, 6),
        new("F6_E2M3", null, 6),
        new("F4", null, 4),
        new("BOOL", torch.ScalarType.Bool, 8),
    ];

    /// <summary>The names of the types that a tensor can have, for error messages.</summary>
    internal static string ReadableNames => string.Join(", ", All.Where(dtype => dtype.Dtype is not null).Select(dtype => dtype.Name));

    /// <summary>All names, for error messages.</summary>
    internal static string Names => string.Join(", ", All.Select(dtype => dtype.Name));

    internal static SafetensorsDtype? Find(string name) => Array.Find(All, dtype => dtype.Name == name);

    internal static SafetensorsDtype? Find(torch.ScalarType type) => Array.Find(All, dtype => dtype.Dtype == type);

    /// <summary>The bytes of so many elements, or null where the last would end inside a byte.</summary>
    internal long? Bytes(long elements)
    {
        Int128 bits = (Int128)elements * Bits;
        return bits % 8 == 0 ? (long)(bits / 8) : null;
    }
}
