using static TorchSharp.torch;

namespace Costate;

/// <summary>The gradient of a scalar with respect to everything that a run starts from.</summary>
/// <param name="Start">With respect to x_T, in its shape.</param>
/// <param name="Condition">With respect to the tensors of the condition and of guidance, in their order and shapes; null where one has no
/// gradient.</param>
/// <param name="Inputs">With respect to the inputs of the table that were asked for, in their order; null stands for zeros.</param>
/// <param name="Parameters">With respect to the denoiser's parameters, in their order.</param>
internal sealed record Cotangents(Tensor Start, Tensor?[] Condition, Tensor?[] Inputs, Tensor[] Parameters)
{
    /// <summary>The gradients of some of the inputs that were asked for, [inputs, batch, ...].</summary>
    internal Tensor Stacked(Range inputs)
    {
        Tensor?[] its = Inputs[inputs];
        return stack([.. its.Select(input => input ?? zeros_like(Start))]);
    }
}
