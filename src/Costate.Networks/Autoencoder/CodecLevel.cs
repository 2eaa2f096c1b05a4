using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A level of a codec: residual blocks, then half or twice the resolution, or neither.</summary>
internal sealed class CodecLevel : NetworkBlock
{
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Downsample2D>? downsamplers;
    private readonly ModuleList<Upsample2D>? upsamplers;

    /// <param name="inChannels">Channels of what it is given.</param>
    /// <param name="channels">Channels of the level.</param>
    /// <param name="layers">Number of its residual blocks.</param>
    /// <param name="options">Their options.</param>
    /// <param name="halves">Whether it halves the resolution after them.</param>
    /// <param name="doubles">Whether it doubles it.</param>
    internal CodecLevel(int inChannels, int channels, int layers, ResnetOptions options, bool halves = false, bool doubles = false)
        : base(nameof(CodecLevel))
    {
        register_module("resnets", resnets = nn.ModuleList(
            [.. Enumerable.Range(0, layers).Select(i => new ResnetBlock2D(i == 0 ? inChannels : channels, channels, options))]));
        if (halves)
        {
            downsamplers = nn.ModuleList<Downsample2D>(new Downsample2D(channels, padding: 0, options.Execution.Device));
            register_module("downsamplers", downsamplers);
        }

        if (doubles)
        {
            upsamplers = nn.ModuleList<Upsample2D>(new Upsample2D(channels, options.Execution.Device));
            register_module("upsamplers", upsamplers);
        }
    }

    /// <summary>A new tensor; x is disposed as soon as it is used.</summary>
    internal Tensor Forward(Tensor x)
    {
        Tensor hidden = x;
        foreach (ResnetBlock2D resnet in resnets)
        {
            using Tensor input = hidden;
            hidden = resnet.Forward(input, null);
        }

        using (hidden)
        {
            return downsamplers?[0].Forward(hidden) ?? upsamplers?[0].Forward(hidden) ?? hidden.alias();
        }
    }
}
