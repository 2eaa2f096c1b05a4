using static TorchSharp.torch;

namespace Costate;

/// <summary>The eigenvalues of A A' and the way to its axes and back, for functions of it.</summary>
/// <param name="Values">The eigenvalues, not negative, in 64 bits; they broadcast to an observation along the axes.</param>
/// <param name="ToAxes">An observation along the axes.</param>
/// <param name="FromAxes">And back.</param>
internal sealed record NormalSpectrum(Tensor Values, Func<Tensor, Tensor> ToAxes, Func<Tensor, Tensor> FromAxes);
