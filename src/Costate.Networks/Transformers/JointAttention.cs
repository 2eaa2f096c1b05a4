using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Attention among the positions of an image, and of a text with weights of its own where it has one (Esser et al.
/// 2024).</summary>
internal sealed class JointAttention : NetworkBlock
{
    private readonly Execution execution;
    private readonly HeadProjections image;
    private readonly HeadProjections? text;
    private readonly Linear? toOut;
    private readonly Linear? toTextOut;

    /// <param name="options">What the network's attentions have in common.</param>
    /// <param name="hasText">Whether there is a text.</param>
    /// <param name="hasTextOut">Whether what the text attends to is used.</param>
    /// <param name="hasOut">Whether what is attended to is projected.</param>
    internal JointAttention(JointAttentionOptions options, bool hasText, bool hasTextOut, bool hasOut = true)
        : base(nameof(JointAttention))
    {
        execution = options.Execution;
        Device? device = execution.Device;
        image = Projections();
        image.Register(this, ("to_q", "to_k", "to_v"), ("norm_q", "norm_k"));
        if (hasText)
        {
            text = Projections();
            text.Register(this, ("add_q_proj", "add_k_proj", "add_v_proj"), ("norm_added_q", "norm_added_k"));
        }

        if (hasOut)
        {
            register_module("to_out", nn.ModuleList<Linear>(toOut = nn.Linear(options.Width, options.Width, device: device)));
        }

        if (hasTextOut)
        {
            register_module("to_add_out", toTextOut = nn.Linear(options.Width, options.Width, device: device));
        }

        HeadProjections Projections() => new(options.Width, options.Heads, options.HeadWidth, options.IsNormed, device);
    }

    /// <summary>New tensors of the shapes of x [batch, positions, width] and of a text [batch, tokens, width], which is null where there is
    /// none or where it is not used.</summary>
    /// <param name="x">The image's vectors.</param>
    /// <param name="context">The text's; null for none.</param>
    /// <param name="rotation">Of the text's places and then the image's, of <see cref="Rotation"/>; null for none.</param>
    internal (Tensor Image, Tensor? Text) Forward(Tensor x, Tensor? context, Tensor? rotation)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor q, Tensor k, Tensor v) = image.Of(x);
        if (context is not null)
        {
            (Tensor textQuery, Tensor textKey, Tensor textValue) = text!.Of(context);
            (q, k, v) = (cat([textQuery, q], 1), cat([textKey, k], 1), cat([textValue, v], 1));
        }

        if (rotation is not null)
        {
            (q, k) = (Rotation.Apply(q, rotation), Rotation.Apply(k, rotation));
        }

        Tensor attended = DotProductAttention.Of(q, k, v, execution.Attention);
        long tokens = context?.shape[1] ?? 0;
        Tensor ofImage = attended.narrow(1, tokens, x.shape[1]);
        return (
            (toOut is null ? ofImage : toOut.call(ofImage)).MoveToOuterDisposeScope(),
            toTextOut?.call(attended.narrow(1, 0, tokens)).MoveToOuterDisposeScope());
    }
}
