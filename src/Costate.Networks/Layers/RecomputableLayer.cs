using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// A layer that, where its network says so, keeps its inputs alone for the backward pass and is computed again there.
/// </summary>
internal abstract class RecomputableLayer(string name, Execution execution) : ConditionedLayer(name)
{
    /// <summary>How the network computes.</summary>
    private protected Execution Execution => execution;

    internal sealed override Tensor Forward(Tensor x, Tensor? condition) =>
        Recomputation.Of(execution, this, inputs => Compute(inputs[0]!, inputs[1]), x, condition);

    /// <summary>The layer itself: a new tensor in the caller's dispose scope. It changes nothing that it is given.</summary>
    private protected abstract Tensor Compute(Tensor x, Tensor? condition);
}
