using static TorchSharp.torch;

namespace Costate.Faces.Morphs;

/// <summary>A morph on its way.</summary>
/// <param name="Iteration">After so many steps: 0 is the blend.</param>
/// <param name="Loss">Then.</param>
/// <param name="Sample">[3, side, side], on the CPU.</param>
internal sealed record MorphFrame(int Iteration, double Loss, Tensor Sample);
