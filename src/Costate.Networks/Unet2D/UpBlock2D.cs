using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// A level on the way up: residual blocks of the state and one kept on the way down, each with attention or none, then twice the resolution
/// but on the last level.
/// </summary>
internal sealed class UpBlock2D : NetworkBlock
{
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<ConditionedLayer>? attentions;
    private readonly ModuleList<Upsample2D>? upsamplers;

    /// <param name="inChannels">Channels of what it is given.</param>
    /// <param name="channels">Channels of the level.</param>
    /// <param name="layers">Number of its residual blocks.</param>
    /// <param name="options">Their options.</param>
    /// <param name="keptChannels">Channels of the states kept on the way down, which it takes off.</param>
    /// <param name="attention">Makes the attention after each of them; null for none.</param>
    /// <param name="upsamples">Whether it doubles the resolution.</param>
    internal UpBlock2D(
        int inChannels,
        int channels,
        int layers,
        ResnetOptions options,
        Stack<int> keptChannels,
        Func<ConditionedLayer>? attention,
        bool upsamples)
        : base(nameof(UpBlock2D))
    {
        register_module("resnets", resnets = nn.ModuleList([.. Enumerable.Range(0, layers).Select(
            i => new ResnetBlock2D((i == 0 ? inChannels : channels) + keptChannels.Pop(), channels, options))]));
        if (attention is not null)
        {
            register_module("attentions", attentions = nn.ModuleList([.. resnets.Select(_ => attention())]));
        }

        if (upsamples)
        {
            register_module("upsamplers", upsamplers = nn.ModuleList<Upsample2D>(new Upsample2D(channels, options.Execution.Device)));
        }
    }

    /// <summary>A new tensor; x and the kept states that it takes off are disposed as soon as they are used.</summary>
    internal Tensor Forward(Tensor x, Stack<Tensor> kept, Tensor activatedTime, Tensor? context = null)
    {
        Tensor hidden = x;
        for (int i = 0; i < resnets.Count; i++)
        {
            Tensor joined;
            using (Tensor skip = kept.Pop())
            using (hidden)
            {
                joined = cat([hidden, skip], 1);
            }

            using (joined)
            {
                hidden = resnets[i].Forward(joined, activatedTime);
            }

            if (attentions is not null)
            {
                using Tensor input = hidden;
                hidden = attentions[i].Forward(input, context);
            }
        }

        if (upsamplers is null)
        {
            return hidden;
        }

        // A side that halving rounded up is doubled to that of the state kept there.
        using (hidden)
        {
            return upsamplers[0].Forward(hidden, (kept.Peek().shape[2], kept.Peek().shape[3]));
        }
    }
}
