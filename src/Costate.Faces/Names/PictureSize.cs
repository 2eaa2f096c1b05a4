using System.Globalization;

namespace Costate.Faces.Names;

/// <summary>Width and height of a picture by text, such as <c>512x768</c>.</summary>
internal static class PictureSize
{
    internal const int MaxSide = 8192;

    /// <exception cref="InputException">It is none, or 8 does not divide it.</exception>
    internal static (int Width, int Height) Parse(string text)
    {
        int[] sides =
        [
            .. text.Split('x', 'X').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int s) ? s : 0),
        ];
        return sides.Length == 2 && sides.All(side => side is > 0 and <= MaxSide && side % 8 == 0)
            ? (sides[0], sides[1])
            : throw new InputException("size", text, $"width and height in pixels that 8 divides, at most {MaxSide}, such as 512x768");
    }
}
