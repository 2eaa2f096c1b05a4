using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The normalisation of the DiffAE layout: 32 groups, or one for each channel where there are fewer.</summary>
internal static class GroupNormalization
{
    private const double Eps = 1e-5;

    internal static int Groups(int channels) => Math.Min(32, channels);

    internal static GroupNorm Of(int channels, Device? device = null) =>
        Normalization.Groups(Groups(channels), channels, Eps, device);
}
