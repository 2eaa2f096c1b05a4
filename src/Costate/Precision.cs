using static TorchSharp.torch;

namespace Costate;

/// <summary>The dtypes that numbers are carried in.</summary>
internal static class Precision
{
    /// <summary>The dtype itself, or 32 bits in the place of 16.</summary>
    internal static ScalarType AtLeastSingle(ScalarType dtype) =>
        dtype is ScalarType.Float16 or ScalarType.BFloat16 ? ScalarType.Float32 : dtype;

    /// <summary>A tensor in a dtype. A handle of its own; autograd follows.</summary>
    internal static Tensor As(Tensor tensor, ScalarType dtype) => tensor.dtype == dtype ? tensor.alias() : tensor.to(dtype);
}
