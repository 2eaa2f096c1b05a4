using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// A layer that, where its network says so, keeps its inputs alone for the backward pass and is computed again there.
/// </summary>
internal abstract class RecomputableLayer(string name, Execution execution) : ConditionedLayer(name)
{
    /// <summary>How the network computes.</summary>
    private protected Execution Execution => execution;

    internal sealed override Tensor Forward(Tensor x, Tensor? condition)
    {
        if (!execution.Recomputes || !is_grad_enabled())
        {
            return Compute(x, condition);
        }

        Parameter[] trainable = [.. parameters().Where(p => p.requires_grad)];
        return x.requires_grad || condition is { requires_grad: true } || trainable.Length > 0
            ? Recomputation.Run(new Recomputation.Call(Compute, execution, trainable, Draws: training), x, condition)
            : Compute(x, condition);
    }

    /// <summary>The layer itself: a new tensor in the caller's dispose scope. It changes nothing that it is given.</summary>
    private protected abstract Tensor Compute(Tensor x, Tensor? condition);
}
