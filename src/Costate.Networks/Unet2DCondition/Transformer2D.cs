using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Transformer blocks on the positions of an image, with a residual (diffusers' <c>Transformer2DModel</c>).</summary>
internal sealed class Transformer2D : ConditionedLayer
{
    // Not the network's own.
    private const double Eps = 1e-6;

    private readonly GroupNorm norm;
    private readonly nn.Module<Tensor, Tensor> projectionIn;
    private readonly ModuleList<TransformerBlock> blocks;
    private readonly nn.Module<Tensor, Tensor> projectionOut;

    /// <param name="options">What the network's transformers have in common.</param>
    /// <param name="channels">Channels of the image.</param>
    /// <param name="heads">Heads of the attention, a divisor of them.</param>
    /// <param name="layers">Number of blocks.</param>
    /// <param name="contextWidth">Width of the context's vectors.</param>
    /// <param name="onlyContext">Whether positions attend to the context alone.</param>
    internal Transformer2D(TransformerOptions options, int channels, int heads, int layers, int contextWidth, bool onlyContext)
        : base(nameof(Transformer2D))
    {
        Device? device = options.Execution.Device;
        register_module("norm", norm = Normalization.Groups(options.Groups, channels, Eps, device));
        register_module("proj_in", projectionIn = Projection());
        register_module("transformer_blocks", blocks = nn.ModuleList(
            [.. Enumerable.Range(0, layers).Select(_ => new TransformerBlock(options, channels, heads, contextWidth, onlyContext))]));
        register_module("proj_out", projectionOut = Projection());

        nn.Module<Tensor, Tensor> Projection() => options.LinearProjection
            ? nn.Linear(channels, channels, device: device)
            : nn.Conv2d(channels, channels, 1, device: device);
    }

    /// <summary>A new tensor of the shape of x [batch, channels, height, width]; the context is [batch, others, width].</summary>
    internal override Tensor Forward(Tensor x, Tensor? condition)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = projectionIn is Conv2d conv
            ? SpatialAttention.Positions(conv.Apply(norm.call(x)))
            : projectionIn.call(SpatialAttention.Positions(norm.call(x)));
        foreach (TransformerBlock block in blocks)
        {
            using Tensor input = hidden;
            hidden = block.Forward(input, condition);
        }

        // In this order the sum has the strides of x; normalisations and convolutions are slow on those of the other.
        return (x + (projectionOut is Conv2d last
            ? last.Apply(SpatialAttention.Image(hidden, x.shape[2], x.shape[3]))
            : SpatialAttention.Image(projectionOut.call(hidden), x.shape[2], x.shape[3]))).MoveToOuterDisposeScope();
    }
}
