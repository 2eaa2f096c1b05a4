using TorchSharp;

namespace Costate.Networks;

/// <summary>An element type: its name in the format, TorchSharp's type and its size.</summary>
internal sealed record SafetensorsDtype(string Name, torch.ScalarType Dtype, int ElementSize)
{
    /// <summary>
    /// The supported types, widest first. A file holds its tensors in this order, so each starts at a multiple of
    /// its element size; it is also the order in which the format's reference implementation writes.
    /// </summary>
    internal static readonly SafetensorsDtype[] All =
    [
        new("I64", torch.ScalarType.Int64, 8),
        new("F64", torch.ScalarType.Float64, 8),
        new("F32", torch.ScalarType.Float32, 4),
        new("BF16", torch.ScalarType.BFloat16, 2),
        new("F16", torch.ScalarType.Float16, 2),
        new("U8", torch.ScalarType.Byte, 1),
    ];

    /// <summary>The supported names, for error messages.</summary>
    internal static string Names => string.Join(", ", All.Select(dtype => dtype.Name));

    internal static SafetensorsDtype? Find(string name) => Array.Find(All, dtype => dtype.Name == name);

    internal static SafetensorsDtype? Find(torch.ScalarType type) => Array.Find(All, dtype => dtype.Dtype == type);
}
