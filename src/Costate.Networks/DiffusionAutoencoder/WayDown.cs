using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The way down of the U-Net and of the encoder: a convolution, then for each level its stages. Its modules belong to whoever registers
/// them.
/// </summary>
internal sealed class WayDown
{
    private readonly Conv2d first;
    private readonly List<List<Stage>> levels = [];

    /// <param name="config">The network's configuration.</param>
    /// <param name="builder">Makes the stages.</param>
    /// <param name="multipliers">Multipliers of the levels' channels.</param>
    /// <param name="firstMultiplier">That of the first convolution.</param>
    /// <param name="blocks">Residual blocks of a level.</param>
    /// <param name="device">Where the first convolution's parameters are made.</param>
    internal WayDown(
        DiffusionAutoencoderConfig config,
        StageBuilder builder,
        IReadOnlyList<int> multipliers,
        int firstMultiplier,
        int blocks,
        Device? device)
    {
        Resolution = config.ImageSize;
        Channels = firstMultiplier * config.ModelChannels;
        first = nn.Conv2d(config.InChannels, Channels, 3, padding: 1, device: device);
        KeptChannels = [new([Channels])];
        for (int level = 0; level < multipliers.Count; level++)
        {
            if (level > 0)
            {
                KeptChannels.Add(new([Channels]));
                levels.Add([new Stage(builder.Resample(Channels, Resampling.Down))]);
                Resolution /= 2;
            }
            else
            {
                levels.Add([]);
            }

            for (int i = 0; i < blocks; i++)
            {
                int channels = multipliers[level] * config.ModelChannels;
                levels[level].Add(builder.Block(Channels, channels, Resolution, config.NumHeads));
                KeptChannels[level].Push(channels);
                Channels = channels;
            }
        }
    }

    /// <summary>Channels of its last state.</summary>
    internal int Channels { get; }

    /// <summary>Resolution of its last state.</summary>
    internal int Resolution { get; }

    /// <summary>Channels of all states, by level.</summary>
    internal List<Stack<int>> KeptChannels { get; }

    /// <summary>What to register, in order.</summary>
    internal ModuleList<nn.Module> Modules => new([nn.ModuleList<nn.Module>(first), .. levels.SelectMany(stages => stages)]);

    /// <summary>The first convolution's weight, to check inputs by.</summary>
    internal Tensor Weight => first.weight!;

    /// <summary>All states, by level, in the caller's dispose scope.</summary>
    internal List<Stack<Tensor>> States(Tensor x, Conditions conditions)
    {
        Tensor hidden = first.Apply(x);
        List<Stack<Tensor>> states = [new([hidden])];
        foreach ((int level, List<Stage> stages) in levels.Index())
        {
            if (level > 0)
            {
                states.Add(new());
            }

            foreach (Stage stage in stages)
            {
                hidden = stage.Forward(hidden, conditions);
                states[level].Push(hidden);
            }
        }

        return states;
    }

    /// <summary>The last state alone; each other is disposed as soon as it is used.</summary>
    internal Tensor LastState(Tensor x)
    {
        Tensor hidden = first.Apply(x);
        foreach (Stage stage in levels.SelectMany(stages => stages))
        {
            using Tensor input = hidden;
            hidden = stage.Forward(input, conditions: null);
        }

        return hidden;
    }
}
