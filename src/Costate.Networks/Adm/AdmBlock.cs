using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A residual block of guided-diffusion (Dhariwal and Nichol 2021), which may change the resolution.</summary>
internal sealed class AdmBlock : StageLayer
{
    private readonly Execution execution;
    private readonly Resampling resampling;
    private readonly bool scales;
    private readonly double dropout;
    private readonly GroupNorm inNorm;
    private readonly Conv2d inConv;
    private readonly Linear timeLayer;
    private readonly GroupNorm outNorm;
    private readonly Conv2d outConv;
    private readonly Conv2d? skip;

    internal AdmBlock(AdmConfig config, Execution execution, int input, int output, Resampling resampling = Resampling.None)
        : base(nameof(AdmBlock))
    {
        (this.execution, this.resampling, scales, dropout) = (execution, resampling, config.UseScaleShiftNorm, config.Dropout);
        Device? device = execution.Device;
        inNorm = GroupNormalization.Of(input, device);
        inConv = nn.Conv2d(input, output, 3, padding: 1, device: device);
        timeLayer = nn.Linear(config.TimeChannels, scales ? 2 * output : output, device: device);
        outNorm = GroupNormalization.Of(output, device);
        outConv = nn.Conv2d(output, output, 3, padding: 1, device: device);
        register_module("in_layers", new NamedLayers(("0", inNorm), ("2", inConv)));
        register_module("emb_layers", new NamedLayers(("1", timeLayer)));
        register_module("out_layers", new NamedLayers(("0", outNorm), ("3", outConv)));
        if (input != output)
        {
            register_module("skip_connection", skip = nn.Conv2d(input, output, 1, device: device));
        }
    }

    internal override Tensor Forward(Tensor x, Conditions? conditions) =>
        Recomputation.Of(execution, this, inputs => Compute(inputs[0]!, inputs[1]!), x, conditions!.Time);

    private Tensor Compute(Tensor x, Tensor time)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = inConv.Apply(resampling.Apply(Activation.Silu.Apply(inNorm.call(x))));
        Tensor told = timeLayer.call(time);
        if (scales)
        {
            Tensor[] by = told.chunk(2, 1);
            hidden = Normalization.Modulated(outNorm, hidden, by[0] + 1, by[1]);
        }
        else
        {
            hidden = outNorm.call(hidden.add_(told.unsqueeze(2).unsqueeze(3)));
        }

        hidden = Activation.Silu.Apply(hidden);
        if (training && dropout > 0)
        {
            hidden = nn.functional.dropout(hidden, dropout);
        }

        // Autograd keeps no convolution's output, so adding to it in place is safe within a graph too.
        Tensor shortcut = resampling.Apply(x);
        return outConv.Apply(hidden).add_(skip is null ? shortcut : skip.Apply(shortcut)).MoveToOuterDisposeScope();
    }
}
