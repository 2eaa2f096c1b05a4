using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>What the residual blocks of the conditional U-Net are told, each already activated.</summary>
/// <param name="Time">The time embedding, [batch, width].</param>
/// <param name="Code">The semantic code, [batch, width]; null for networks without.</param>
internal sealed record Conditions(Tensor Time, Tensor? Code = null);
