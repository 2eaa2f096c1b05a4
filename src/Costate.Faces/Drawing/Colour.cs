using SkiaSharp;

namespace Costate.Faces.Drawing;

/// <summary>Colours made from colours.</summary>
internal static class Colour
{
    /// <summary>A colour between two.</summary>
    internal static SKColor Towards(this SKColor from, SKColor to, float share) => new(
        Channel(from.Red + ((to.Red - from.Red) * share)),
        Channel(from.Green + ((to.Green - from.Green) * share)),
        Channel(from.Blue + ((to.Blue - from.Blue) * share)));

    /// <summary>Darker and a little warmer, as skin in shade is.</summary>
    internal static SKColor Shaded(this SKColor colour, float share) => colour.Towards(new SKColor(48, 14, 10), share);

    /// <summary>Lighter.</summary>
    internal static SKColor Lit(this SKColor colour, float share) => colour.Towards(new SKColor(255, 250, 240), share);

    /// <summary>Moved by at most a number of levels in each channel.</summary>
    internal static SKColor Jittered(this SKColor colour, SeededTraits draw, int levels) => new(
        Channel(colour.Red + draw.Between(-levels, levels)),
        Channel(colour.Green + draw.Between(-levels, levels)),
        Channel(colour.Blue + draw.Between(-levels, levels)));

    /// <summary>With an opacity from 0 to 1.</summary>
    internal static SKColor Opacity(this SKColor colour, float opacity) => colour.WithAlpha(Channel(255 * opacity));

    /// <summary>The colour at a place from 0 to 1 along a scale.</summary>
    internal static SKColor Along(IReadOnlyList<SKColor> scale, float place)
    {
        float at = place * (scale.Count - 1);
        int below = Math.Min((int)at, scale.Count - 2);
        return scale[below].Towards(scale[below + 1], at - below);
    }

    private static byte Channel(float value) => (byte)Math.Clamp(MathF.Round(value), 0, 255);
}
