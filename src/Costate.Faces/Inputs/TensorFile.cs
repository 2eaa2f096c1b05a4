using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Faces.Inputs;

/// <summary>A tensor that a user names: <c>file.safetensors</c>, or <c>file.safetensors:name</c> where it holds several.</summary>
internal static class TensorFile
{
    internal const string Form = "FILE[:NAME]";

    /// <summary>Reads the tensor; one of floating point comes in the dtype given, others keep theirs.</summary>
    /// <exception cref="InvalidDataException">There is no such file or tensor, or it is a pipe.</exception>
    internal static Tensor Read(InputFiles files, string what, string text, ScalarType dtype)
    {
        (string path, string? name) = Split(text);
        if (!File.Exists(path))
        {
            throw new InvalidDataException(
                $"Got {what} {text}: there is no file '{path}'. Expected {Form}, a safetensors file and the name of a tensor in it.");
        }

        files.RefusePipe(what, path);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        name ??= file.Names.Count == 1
            ? file.Names[0]
                : throw new InvalidDataException(
                    $"Got {what} {text}: '{path}' holds {file.Names.Count} tensors. Name one of them, "
                        + $"such as {path}:{file.Names.FirstOrDefault() ?? "NAME"}. It has: {List(file.Names)}.");
        Tensor read = file.Read(name);
        if (!read.is_floating_point())
        {
            return read;
        }

        using (read)
        {
            return read.to(dtype, copy: true);
        }
    }

    /// <summary>The same tensor for a whole batch: [batch, ...] as it is, [1, ...] repeated.</summary>
    /// <exception cref="InvalidDataException">It is for another number of items.</exception>
    internal static Tensor ForBatch(string what, Tensor tensor, long batch)
    {
        if (tensor.dim() == 0 || (tensor.shape[0] != batch && tensor.shape[0] != 1))
        {
            throw new InvalidDataException(
                $"Got {what} of shape [{string.Join(", ", tensor.shape)}] for a batch of {batch}; expected [{batch}, ...], or [1, "
                    + "...] for all items alike.");
        }

        return tensor.shape[0] == batch ? tensor : tensor.expand([batch, .. tensor.shape.Skip(1)]).contiguous();
    }

    // The whole text may be a path with a colon in it; a colon in second place is that of a drive.
    private static (string Path, string? Name) Split(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon <= 1 || File.Exists(text) ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }

    private static string List(IReadOnlyList<string> names)
    {
        const int Most = 20;
        return string.Join(", ", names.Take(Most)) + (names.Count > Most ? ", ..." : "");
    }
}
