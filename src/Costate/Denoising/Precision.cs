using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The dtype in which numbers are summed and carried from step to step: that of the caller, but at least 32 bits. In 16 bits Adam's epsilon
/// is 0, small steps are lost, and a squared norm overflows; a network in 16 bits is given its inputs in its own dtype all the same.
/// </summary>
internal static class Precision
{
    /// <summary>The dtype itself, or 32 bits in the place of 16.</summary>
    internal static ScalarType AtLeastSingle(ScalarType dtype) =>
        dtype is ScalarType.Float16 or ScalarType.BFloat16 ? ScalarType.Float32 : dtype;

    /// <summary>A tensor in a dtype. A handle of its own; autograd follows.</summary>
    internal static Tensor As(Tensor tensor, ScalarType dtype) => tensor.dtype == dtype ? tensor.alias() : tensor.to(dtype);

    /// <summary>A handle to the tensor itself, or a copy where its own dtype is too narrow. Autograd follows.</summary>
    internal static Tensor ToWorkingPrecision(this Tensor x) => As(x, AtLeastSingle(x.dtype));
}
