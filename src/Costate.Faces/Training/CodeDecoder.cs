using Costate.Faces.Models;
using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>
/// A small network from codes back to faces and to the traits that they were drawn from, of use only while an encoder learns: under it
/// codes soon say where things are, which the U-Net teaches slowly. A fifth of the U-Net's work.
/// </summary>
internal sealed class CodeDecoder : NetworkBlock
{
    private const int FirstSide = 4;
    private const int FirstChannels = 256;
    private const int FewestChannels = 64;
    private const int GroupChannels = 8;
    private const double Eps = 1e-5;

    // Of traits, whose errors are some fifty times as large as those of faces, and most of it cannot be seen in them.
    private const double TraitShare = 0.03;

    private readonly int patch;
    private readonly Linear reader;
    private readonly Linear first;
    private readonly GroupNorm firstNorm;
    private readonly List<(Conv2d Conv, GroupNorm Norm)> layers = [];
    private readonly Conv2d last;

    /// <param name="config">The autoencoder whose codes and faces they are.</param>
    /// <param name="traits">How many traits a face has.</param>
    internal CodeDecoder(PatchedAutoencoderConfig config, long traits)
        : base(nameof(CodeDecoder))
    {
        using DisposeScope scope = NewDisposeScope();
        patch = config.PatchSize;
        register_module("first", first = nn.Linear(config.Network.EncOutChannels, FirstChannels * FirstSide * FirstSide));
        register_module("first_norm", firstNorm = Norm(FirstChannels));
        int channels = FirstChannels;
        for (int side = FirstSide; side < config.Network.ImageSize; side *= 2)
        {
            int narrower = Math.Max(FewestChannels, channels / 2);
            (Conv2d Conv, GroupNorm Norm) layer = (nn.Conv2d(channels, narrower, 3, padding: 1), Norm(narrower));
            register_module($"conv_{side}", layer.Conv);
            register_module($"norm_{side}", layer.Norm);
            layers.Add(layer);
            channels = narrower;
        }

        register_module("last", last = nn.Conv2d(channels, config.Network.InChannels, 3, padding: 1));
        register_module("reader", reader = nn.Linear(config.Network.EncOutChannels, traits));
        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>How far codes are from their faces and traits: mean squares.</summary>
    /// <param name="codes">Codes, [batch, width].</param>
    /// <param name="faces">Faces, [batch, channels, height, width].</param>
    /// <param name="traits">Traits in units of their standard deviations, [batch, traits].</param>
    internal Tensor Loss(Tensor codes, Tensor faces, Tensor traits) =>
        (Decode(codes) - faces).square().mean() + ((reader.call(codes) - traits).square().mean() * TraitShare);

    private Tensor Decode(Tensor codes)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = Activation.Silu.Apply(firstNorm.call(first.call(codes).view(-1, FirstChannels, FirstSide, FirstSide)));
        foreach ((Conv2d conv, GroupNorm norm) in layers)
        {
            hidden = Activation.Silu.Apply(norm.call(conv.Apply(Doubling.Of(hidden))));
        }

        return nn.functional.pixel_shuffle(last.Apply(hidden), patch).MoveToOuterDisposeScope();
    }

    private static GroupNorm Norm(int channels) => Normalization.Groups(channels / GroupChannels, channels, Eps);
}
