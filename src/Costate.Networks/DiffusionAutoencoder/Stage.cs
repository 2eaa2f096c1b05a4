using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Layers one after another; the last ones may attend and change the resolution.</summary>
internal sealed class Stage : NetworkBlock
{
    private readonly IReadOnlyList<StageLayer> layers;

    internal Stage(params IReadOnlyList<StageLayer> layers)
        : base(nameof(Stage))
    {
        this.layers = layers;
        for (int i = 0; i < layers.Count; i++)
        {
            register_module($"{i}", layers[i]);
        }
    }

    /// <summary>A new tensor; x stays as it is.</summary>
    internal Tensor Forward(Tensor x, Conditions? conditions)
    {
        Tensor hidden = layers[0].Forward(x, conditions);
        foreach (StageLayer layer in layers.Skip(1))
        {
            using Tensor input = hidden;
            hidden = layer.Forward(input, conditions);
        }

        return hidden;
    }
}
