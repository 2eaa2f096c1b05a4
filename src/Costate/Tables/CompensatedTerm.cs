using static TorchSharp.torch;

namespace Costate;

/// <summary>What a <see cref="CompensatedSum"/> adds: <c>weight (high + low)</c>.</summary>
/// <param name="High">A number of 64 bits, or the high word of one in two words.</param>
/// <param name="Low">The low word; null for none.</param>
/// <param name="Weight">The weight.</param>
internal readonly record struct CompensatedTerm(Tensor High, Tensor? Low, double Weight);
