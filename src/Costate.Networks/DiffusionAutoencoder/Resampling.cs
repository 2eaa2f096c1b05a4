using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A change of resolution.</summary>
internal enum Resampling
{
    /// <summary>None.</summary>
    None,

    /// <summary>Half, by means.</summary>
    Down,

    /// <summary>Twice, by repetition.</summary>
    Up,
}

/// <summary>The change itself.</summary>
internal static class Resampled
{
    /// <summary>The image in its new resolution: x itself where that is the old one.</summary>
    internal static Tensor Apply(this Resampling resampling, Tensor x) => resampling switch
    {
        Resampling.Down => nn.functional.avg_pool2d(x, 2),
        Resampling.Up => Doubling.Of(x),
        _ => x,
    };
}
