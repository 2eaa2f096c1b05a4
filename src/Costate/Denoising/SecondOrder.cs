using static TorchSharp.torch;

namespace Costate;

/// <summary>A cotangent pulled through a function that moves along a direction: what comes out, and how all of it changes.</summary>
/// <param name="Tangent">The change of the output, J v.</param>
/// <param name="X">The cotangent at x, J' w; null where the graph does not reach x.</param>
/// <param name="Z">The same at the tensors of the condition; null too of those without gradient.</param>
/// <param name="ChangeX">The change of <paramref name="X"/>; null for none.</param>
/// <param name="ChangeZ">The changes of <paramref name="Z"/>; null for none.</param>
internal sealed record SecondOrder(Tensor Tangent, Tensor? X, Tensor?[] Z, Tensor? ChangeX, Tensor?[] ChangeZ);
