using Costate.Faces.Inputs;
using Costate.Faces.Pictures;
using static TorchSharp.torch;

namespace Costate.Cli.Files;

/// <summary>Samples named on the command line: a picture, or a tensor in a safetensors file.</summary>
internal static class SampleFile
{
    internal const string Form = "IMAGE|FILE[:NAME]";

    /// <summary>Reads them, [batch, ...]; a tensor of the shape of one sample is one sample.</summary>
    /// <param name="files">Where files come from.</param>
    /// <param name="text">As the user gave it.</param>
    /// <param name="shape">The shape that one sample must have, or null.</param>
    /// <param name="dtype">What they come in.</param>
    /// <exception cref="CommandException">There is no such file, or it does not fit.</exception>
    internal static Tensor Read(InputFiles files, string text, long[]? shape, ScalarType dtype)
    {
        bool exists = text == InputFiles.StandardInput || File.Exists(text);
        if (exists && files.PictureOrNull("the picture", text) is byte[] bytes)
        {
            using Tensor picture = ImageFile.Read($"the picture {text}", bytes, shape);
            return picture.to(dtype, copy: true);
        }

        if (!exists && !text.Contains(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            throw new CommandException(
                $"Got {text}: there is no such file; expected a {EncodedPicture.Formats} picture, or {Form.Split('|')[1]}, "
                    + "a tensor in a safetensors file. Check the path.");
        }

        if (exists && !text.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            throw new CommandException(
                $"Got {text}, which is neither a {EncodedPicture.Formats} picture nor called .safetensors; expected one of them. "
                    + "Convert it first.");
        }

        Tensor read = TensorFile.Read(files, "the sample", text, dtype);
        Tensor samples = shape is not null && read.shape.AsSpan().SequenceEqual(shape) ? read.unsqueeze(0) : read;
        bool fits = samples.is_floating_point() && samples.dim() >= 2 && (shape is null || samples.shape.AsSpan(1).SequenceEqual(shape));
        return fits
            ? samples
            : throw new CommandException(
                $"Got the sample {text} of shape [{string.Join(", ", read.shape)}] and type {read.dtype}; "
                    + $"expected [batch, {(shape is null ? "..." : string.Join(", ", shape))}] of floating point.");
    }
}
