using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// A level on the way down: residual blocks, each with attention or none, then half the resolution but on the last level.
/// </summary>
internal sealed class DownBlock2D : NetworkBlock
{
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<ConditionedLayer>? attentions;
    private readonly ModuleList<Downsample2D>? downsamplers;

    /// <param name="inChannels">Channels of what it is given.</param>
    /// <param name="channels">Channels of the level.</param>
    /// <param name="layers">Number of its residual blocks.</param>
    /// <param name="options">Their options.</param>
    /// <param name="attention">Makes the attention after each of them; null for none.</param>
    /// <param name="downsamplePadding">Padding of the convolution that halves the resolution; null for a level that keeps it.</param>
    internal DownBlock2D(
        int inChannels, int channels, int layers, ResnetOptions options, Func<ConditionedLayer>? attention, int? downsamplePadding)
        : base(nameof(DownBlock2D))
    {
        register_module("resnets", resnets = nn.ModuleList(
            [.. Enumerable.Range(0, layers).Select(i => new ResnetBlock2D(i == 0 ? inChannels : channels, channels, options))]));
        if (attention is not null)
        {
            register_module("attentions", attentions = nn.ModuleList([.. resnets.Select(_ => attention())]));
        }

        if (downsamplePadding is { } padding)
        {
            downsamplers = nn.ModuleList<Downsample2D>(new Downsample2D(channels, padding, options.Execution.Device));
            register_module("downsamplers", downsamplers);
        }
    }

    /// <summary>Pushes each of its states on those kept for the way up, on top of which it finds its input.</summary>
    internal void Forward(Stack<Tensor> kept, Tensor activatedTime, Tensor? context = null)
    {
        for (int i = 0; i < resnets.Count; i++)
        {
            Tensor hidden = resnets[i].Forward(kept.Peek(), activatedTime);
            if (attentions is not null)
            {
                using Tensor input = hidden;
                hidden = attentions[i].Forward(input, context);
            }

            kept.Push(hidden);
        }

        if (downsamplers is not null)
        {
            kept.Push(downsamplers[0].Forward(kept.Peek()));
        }
    }

    /// <summary>Channels of the states that levels push, and of the first of all, as they lie on the stack.</summary>
    /// <param name="channels">Channels of each level.</param>
    /// <param name="layers">Residual blocks of each level.</param>
    internal static Stack<int> KeptChannels(IReadOnlyList<int> channels, IReadOnlyList<int> layers)
    {
        var kept = new Stack<int>([channels[0]]);
        for (int level = 0; level < channels.Count; level++)
        {
            // A state after each residual block, and one after halving the resolution.
            int states = layers[level] + (level < channels.Count - 1 ? 1 : 0);
            for (int i = 0; i < states; i++)
            {
                kept.Push(channels[level]);
            }
        }

        return kept;
    }
}
