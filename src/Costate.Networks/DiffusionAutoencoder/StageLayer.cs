using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A layer of a stage.</summary>
internal abstract class StageLayer(string name) : NetworkBlock(name)
{
    /// <summary>A new tensor; x stays as it is. The encoder's layers have no conditions.</summary>
    internal abstract Tensor Forward(Tensor x, Conditions? conditions);
}
