using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A layer of a tensor and of what conditions it: a time, a text, or nothing.</summary>
internal abstract class ConditionedLayer(string name) : NetworkBlock(name)
{
    /// <summary>A new tensor in the caller's dispose scope.</summary>
    internal abstract Tensor Forward(Tensor x, Tensor? condition);
}
