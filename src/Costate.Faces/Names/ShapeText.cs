using System.Globalization;

namespace Costate.Faces.Names;

/// <summary>The shape of a sample as text.</summary>
internal static class ShapeText
{
    /// <summary>Its sizes; null for no text.</summary>
    /// <exception cref="InputException">The text is no shape.</exception>
    internal static long[]? Parse(string? text)
    {
        if (text is null)
        {
            return null;
        }

        string[] parts = text.Split(',');
        long[] sizes = new long[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (
                !long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out sizes[i]) || sizes[i] is < 1 or > int.MaxValue
            )
            {
                throw new InputException(
                    "shape",
                    text,
                    "the positive sizes of one sample with commas between them, such as 3,64,64",
                    "The number of samples is --batch.");
            }
        }

        return sizes;
    }
}
