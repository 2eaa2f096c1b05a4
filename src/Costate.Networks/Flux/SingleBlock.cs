using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Attention and feed-forward part side by side, on text and image alike: a block of Flux's second half.</summary>
internal sealed class SingleBlock : NetworkBlock
{
    private readonly Execution execution;
    private readonly Modulation norm;
    private readonly JointAttention attention;
    private readonly Linear expansion;
    private readonly Linear projection;

    internal SingleBlock(JointAttentionOptions options)
        : base(nameof(SingleBlock))
    {
        execution = options.Execution;
        Device? device = execution.Device;
        int width = options.Width, hidden = FeedForward.Expansion * width;
        register_module("norm", norm = new Modulation(width, 3, device));
        register_module("proj_mlp", expansion = nn.Linear(width, hidden, device: device));
        register_module("proj_out", projection = nn.Linear(width + hidden, width, device: device));
        register_module("attn", attention = new JointAttention(options, hasText: false, hasTextOut: false, hasOut: false));
    }

    /// <summary>A new tensor of the shape of vectors [batch, positions, width].</summary>
    /// <param name="x">The vectors.</param>
    /// <param name="embedding">[batch, width], activated.</param>
    /// <param name="rotation">As for <see cref="JointAttention"/>.</param>
    internal Tensor Forward(Tensor x, Tensor embedding, Tensor rotation) =>
        Recomputation.Of(execution, this, inputs => Compute(inputs[0]!, inputs[1]!, inputs[2]!), x, embedding, rotation);

    private Tensor Compute(Tensor x, Tensor embedding, Tensor rotation)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] by = norm.Of(embedding);
        Tensor normalised = Modulation.Apply(x, by[0], by[1]);
        Tensor attended = attention.Forward(normalised, null, rotation).Image;
        Tensor fed = Activation.TanhGelu.Apply(expansion.call(normalised));
        Tensor sum = addcmul(x, by[2], projection.call(cat([attended, fed], 2)), 1);

        // As published: some texts exceed the range of float16.
        return (sum.dtype == ScalarType.Float16 ? sum.clamp(-65504, 65504) : sum).MoveToOuterDisposeScope();
    }
}
