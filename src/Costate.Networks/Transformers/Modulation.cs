using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>What an embedding of time, and of what else conditions all positions alike, makes of the numbers that scale, shift and gate the
/// vectors of a block (adaptive normalisation; Peebles and Xie 2023).</summary>
internal sealed class Modulation : NetworkBlock
{
    private readonly int parts;
    private readonly Linear linear;

    /// <param name="width">Width of the vectors, and of the embedding.</param>
    /// <param name="parts">How many numbers for each of their entries.</param>
    /// <param name="device">Where it is made.</param>
    internal Modulation(int width, int parts, Device? device)
        : base(nameof(Modulation))
    {
        this.parts = parts;
        register_module("linear", linear = nn.Linear(width, parts * width, device: device));
    }

    /// <summary>The numbers [batch, 1, width], in the order of the layout, of an activated embedding [batch, width].</summary>
    internal Tensor[] Of(Tensor embedding) => linear.call(embedding).unsqueeze(1).chunk(parts, -1);

    /// <summary>Vectors normalised, scaled and shifted.</summary>
    /// <param name="x">[batch, positions, width].</param>
    /// <param name="shift">[batch, 1, width].</param>
    /// <param name="scale">[batch, 1, width]; 0 leaves the vectors as they are.</param>
    /// <param name="eps">What the normalisation adds to the variance. The default value is 1e-6.</param>
    internal static Tensor Apply(Tensor x, Tensor shift, Tensor scale, double eps = 1e-6)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor normalised = nn.functional.layer_norm(x, [x.shape[^1]], eps: eps);
        return addcmul(shift, normalised, scale + 1, 1).MoveToOuterDisposeScope();
    }
}
