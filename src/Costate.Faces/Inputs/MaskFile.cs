using Costate.Faces.Pictures;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Inputs;

/// <summary>A mask that a user names: a picture that is white where the image is seen and black where it is hidden.</summary>
internal static class MaskFile
{
    /// <summary>Reads it, [height, width], 1 where the image is seen.</summary>
    /// <exception cref="InvalidDataException">It is missing, of another size, or hides nothing or everything.</exception>
    internal static Tensor Read(InputFiles files, string what, string file, long height, long width)
    {
        using DisposeScope scope = NewDisposeScope();
        using var picture = new EncodedPicture($"{what} {file}", files.Picture(what, file));
        Tensor read = picture.ToSample(grey: false);
        if (read.shape[2] != height || read.shape[3] != width)
        {
            throw new InvalidDataException(
                $"Got {what} {file} of {read.shape[3]} x {read.shape[2]} pixels for pictures of {width} x {height}; "
                    + "expected the same size. White is seen, black is hidden.");
        }

        Tensor seen = read[0].mean([0L]).greater(0).to(ScalarType.Float32);
        long hidden = seen.eq(0).sum().item<long>();
        return hidden > 0 && hidden < seen.numel()
            ? seen.MoveToOuterDisposeScope()
            : throw new InvalidDataException(
                $"Got {what} {file}, which is all {(hidden == 0 ? "white: it hides nothing" : "black: it hides everything")}; "
                    + "expected white where the picture is seen and black where it is hidden.");
    }
}
