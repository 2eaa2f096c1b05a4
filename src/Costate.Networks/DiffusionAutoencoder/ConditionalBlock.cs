using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The residual block of the DiffAE layout. In the U-Net time scales and shifts between its two convolutions, and then the
/// semantic code scales (Preechakul et al. 2022, eq. 7); in the encoder it has one convolution.
/// </summary>
internal sealed class ConditionalBlock : StageLayer
{
    private readonly Resampling resampling;
    private readonly double dropout;
    private readonly GroupNorm inNorm;
    private readonly Conv2d inConv;
    private readonly Linear? timeLayer;
    private readonly Linear? codeLayer;
    private readonly GroupNorm? outNorm;
    private readonly Conv2d? outConv;
    private readonly Conv2d? skip;

    internal ConditionalBlock(int inChannels, int outChannels, BlockOptions options, Resampling resampling = Resampling.None)
        : base(nameof(ConditionalBlock))
    {
        this.resampling = resampling;
        dropout = options.Dropout;
        Device? device = options.Device;
        inNorm = GroupNormalization.Of(inChannels, device);
        inConv = nn.Conv2d(inChannels, outChannels, 3, padding: 1, device: device);
        register_module("in_layers", new NamedLayers(("0", inNorm), ("2", inConv)));
        if (options.TimeChannels is { } timeChannels)
        {
            timeLayer = nn.Linear(timeChannels, 2 * outChannels, device: device);
            codeLayer = nn.Linear(options.CodeChannels, outChannels, device: device);
            outNorm = GroupNormalization.Of(outChannels, device);
            outConv = nn.Conv2d(outChannels, outChannels, 3, padding: 1, device: device);
            register_module("emb_layers", new NamedLayers(("1", timeLayer)));
            register_module("cond_emb_layers", new NamedLayers(("1", codeLayer)));
            register_module("out_layers", new NamedLayers(("0", outNorm), ("3", outConv)));
            if (options.BeginsAtZero)
            {
                Zero.Parameters(outConv);
            }
        }

        if (inChannels != outChannels)
        {
            register_module("skip_connection", skip = nn.Conv2d(inChannels, outChannels, 1, device: device));
        }
    }

    internal override Tensor Forward(Tensor x, Conditions? conditions)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = inConv.Apply(resampling.Apply(Activation.Silu.Apply(inNorm.call(x))));
        if (outConv is not null)
        {
            hidden = Activation.Silu.Apply(Modulated(outNorm!, hidden, conditions!));
            if (training && dropout > 0)
            {
                hidden = nn.functional.dropout(hidden, dropout);
            }

            hidden = outConv.Apply(hidden);
        }

        // Autograd keeps no convolution's output, so adding to it in place is safe within a graph too.
        Tensor shortcut = resampling.Apply(x);
        return hidden.add_(skip is null ? shortcut : skip.Apply(shortcut)).MoveToOuterDisposeScope();
    }

    // ((1 + a) h + b) (1 + c), where h is the normalised image.
    private Tensor Modulated(GroupNorm norm, Tensor hidden, Conditions conditions)
    {
        Tensor[] time = timeLayer!.call(conditions.Time).chunk(2, 1);
        Tensor code = codeLayer!.call(conditions.Code!) + 1;
        return Normalization.Modulated(norm, hidden, addcmul(code, code, time[0], 1), time[1] * code);
    }
}
