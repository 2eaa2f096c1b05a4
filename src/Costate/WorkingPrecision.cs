using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The dtype in which numbers are summed and carried from step to step: that of the caller, but at least 32 bits. In 16 bits Adam's epsilon is 0,
/// small steps are lost, and a squared norm overflows; a network in 16 bits is given its inputs in its own dtype all the same.
/// </summary>
internal static class WorkingPrecision
{
    internal static ScalarType Of(ScalarType dtype) => dtype == ScalarType.Float64 ? dtype : ScalarType.Float32;

    /// <summary>A handle to the tensor itself, or a copy where its own dtype is too narrow. Autograd follows.</summary>
    internal static Tensor ToWorkingPrecision(this Tensor x) => x.dtype == Of(x.dtype) ? x.alias() : x.to(Of(x.dtype));
}
