using Costate.Cli.Models;
using static TorchSharp.torch;

namespace Costate.Cli.Guidance;

/// <summary>A picture of the user, as it is: not cut, not resized.</summary>
internal static class PictureInput
{
    /// <summary>Reads it, [1, 3, height, width] in -1..1.</summary>
    /// <exception cref="CommandException">It is missing or no picture.</exception>
    internal static Tensor Read(string what, string path)
    {
        if (!File.Exists(path))
        {
            throw new CommandException($"Got {what} {path}: {(Directory.Exists(path) ? "it is a folder" : "there is no such file")}; expected a PNG or JPEG file.");
        }

        return ImageFile.IsPicture(path)
            ? ImageFile.Read(path, shape: null)
            : throw new CommandException($"Got {what} {path}: it is neither PNG nor JPEG; expected one of them. Convert it first.");
    }
}
