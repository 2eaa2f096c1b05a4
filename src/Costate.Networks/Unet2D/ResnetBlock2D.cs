using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The residual block of the diffusers layout: two normalised convolutions, with time between them or without.</summary>
internal sealed class ResnetBlock2D : RecomputableLayer
{
    private readonly ResnetOptions options;
    private readonly GroupNorm norm1;
    private readonly Conv2d conv1;
    private readonly Linear? timeProjection;
    private readonly GroupNorm norm2;
    private readonly Conv2d conv2;
    private readonly Conv2d? shortcut;

    internal ResnetBlock2D(int inChannels, int outChannels, ResnetOptions options)
        : base(nameof(ResnetBlock2D), options.Execution)
    {
        this.options = options;
        Device? device = options.Execution.Device;
        register_module("norm1", norm1 = Normalization.Groups(options.Groups, inChannels, options.Eps, device));
        register_module("conv1", conv1 = nn.Conv2d(inChannels, outChannels, 3, padding: 1, device: device));
        if (options.TimeChannels is { } timeChannels)
        {
            int width = options.ScaleShift ? 2 * outChannels : outChannels;
            register_module("time_emb_proj", timeProjection = nn.Linear(timeChannels, width, device: device));
        }

        register_module("norm2", norm2 = Normalization.Groups(options.Groups, outChannels, options.Eps, device));
        register_module("conv2", conv2 = nn.Conv2d(outChannels, outChannels, 3, padding: 1, device: device));
        if (inChannels != outChannels)
        {
            register_module("conv_shortcut", shortcut = nn.Conv2d(inChannels, outChannels, 1, device: device));
        }
    }

    // [batch, out, height, width] from x [batch, in, height, width] and the activated time embedding.
    private protected override Tensor Compute(Tensor x, Tensor? condition)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? time = timeProjection?.call(condition!);
        Tensor hidden = conv1.Apply(options.Activation.Apply(norm1.call(x)));
        hidden = options.Activation.Apply(
            time is null ? norm2.call(hidden)
            : options.ScaleShift ? Modulated(norm2, hidden, time)
            : norm2.call(hidden.add_(time.unsqueeze(2).unsqueeze(3))));
        if (training && options.Dropout > 0)
        {
            hidden = nn.functional.dropout(hidden, options.Dropout);
        }

        // Autograd keeps no convolution's output, so adding to it in place is safe within a graph too.
        Tensor sum = conv2.Apply(hidden).add_(shortcut is null ? x : shortcut.Apply(x));
        return (options.OutputScale == 1 ? sum : sum.div_(options.OutputScale)).MoveToOuterDisposeScope();
    }

    private static Tensor Modulated(GroupNorm norm, Tensor hidden, Tensor time)
    {
        Tensor[] halves = time.chunk(2, 1);
        return Normalization.Modulated(norm, hidden, halves[0] + 1, halves[1]);
    }
}
