using Costate.Faces.Pictures;
using static TorchSharp.torch;

namespace Costate.Cli.Files;

/// <summary>Pictures as samples: black is -1 and white is 1.</summary>
internal static class ImageFile
{
    /// <summary>
    /// The picture, [1, channels, height, width], float32. What shines through is white; grey is 0.299 red + 0.587 green + 0.114 blue.
    /// </summary>
    /// <param name="what">What messages call it: "the picture a.png".</param>
    /// <param name="bytes">The file.</param>
    /// <param name="shape">The shape it must have; that of a colour picture of its size if null.</param>
    /// <exception cref="CommandException">It is damaged, too large, or of another size.</exception>
    internal static Tensor Read(string what, byte[] bytes, long[]? shape)
    {
        using var picture = new EncodedPicture(what, bytes);
        CheckSize(what, picture.Width, picture.Height, shape);
        return picture.ToSample(grey: shape?[0] == 1);
    }

    private static void CheckSize(string what, int width, int height, long[]? shape)
    {
        if (shape is not null && (shape.Length != 3 || shape[0] is not (1 or 3)))
        {
            throw new CommandException(
                $"Got {what} with --shape {string.Join(',', shape)}; expected 3,{height},{width} in colour or 1,{height},{width} in grey.");
        }

        if (shape is not null && (shape[1] != height || shape[2] != width))
        {
            throw new CommandException(
                $"Got {what}, {width} wide and {height} high; expected {shape[2]} wide and {shape[1]} high as --shape "
                    + $"{string.Join(',', shape)} says. Resize or crop it first.");
        }
    }
}
