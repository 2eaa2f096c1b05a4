using System.Text;

namespace Costate.Networks;

/// <summary>Tells files of weights from what people have in their place.</summary>
internal static class FileKinds
{
    private const int HeadBytes = 512;

    internal static FileKind Of(string path)
    {
        ReadOnlySpan<byte> head = Head(path);
        if (head.StartsWith("PK\x03\x04"u8) || head.StartsWith("PK\x05\x06"u8))
        {
            return FileKind.Zip;
        }

        if (head.Length >= 2 && head[0] == 0x80 && head[1] is >= 2 and <= 5)
        {
            return FileKind.Pickle;
        }

        if (head.Length > 8 && head[8] is (byte)'{' or (byte)' ' && head[7] == 0)
        {
            return FileKind.Safetensors;
        }

        RefuseOthers(path);

        // Its own reader says best what is wrong with a damaged one.
        return path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)
            ? FileKind.Safetensors
            : throw Refuse(path, "neither safetensors nor a checkpoint of torch.save",
                "It is damaged or something else: fetch or export it again.");
    }

    /// <summary>Names what lies there instead of weights, where that can be told.</summary>
    internal static void RefuseOthers(string path)
    {
        ReadOnlySpan<byte> head = Head(path);
        string extension = Path.GetExtension(path).ToLowerInvariant();
        (string What, string Remedy)? other =
            head.IsEmpty ? ("empty", "Its download failed: fetch it again.")
            : head.StartsWith("version https://git-lfs"u8)
            ? ("a Git LFS pointer", "The weights themselves were not downloaded: run git lfs pull, or download the file.")
            : head.TrimStart(" \t\r\n"u8).StartsWith("<"u8) ? ("a web page", "The download failed or needs a login: fetch the file again.")
            : head.StartsWith("GGUF"u8) ? ("a GGUF file", "Expected weights that are not quantised: use the safetensors file of the model.")
            : head.StartsWith("\x89HDF"u8) || head[1..]
                .StartsWith("HDF"u8) ? ("an HDF5 file, as Keras writes", "Use the PyTorch weights of the model.")
            : head.StartsWith("\x1f\x8b"u8) || head[1..].StartsWith("\x8b\x08"u8) ? ("gzip", "Unpack it first.")
            : extension == ".onnx" || IsOnnx(head)
            ? ("an ONNX file", "It holds a graph, not the weights of a layout: use the PyTorch weights of the model.")
            : extension == ".msgpack" ? ("Flax weights", "Use the PyTorch weights of the model.")
            : head.Length > 262 && head[257..262]
                .SequenceEqual("ustar"u8)
                    ? ("a tar archive, as torch.save wrote before PyTorch 0.1.10", "Load and save it with a newer PyTorch.")
            : head.TrimStart(" \t\r\n"u8)
                .StartsWith("{"u8) ? ("JSON", "Name the file of weights, or the index (*.index.json) of its shards.")
            : null;
        if (other is var (what, remedy))
        {
            throw Refuse(path, what, remedy);
        }
    }

    /// <summary>What the names of the tensors say that a file is, where it is no whole network; null where they say nothing.</summary>
    internal static string? Part(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            if (name.Contains("lora_", StringComparison.Ordinal) || name.Contains(".lora.", StringComparison.Ordinal)
                || name.Contains("hada_w", StringComparison.Ordinal))
            {
                return "a LoRA, a change to a network and not one";
            }

            if (name.StartsWith("control_model.", StringComparison.Ordinal) || name.StartsWith("controlnet_", StringComparison.Ordinal))
            {
                return "a ControlNet";
            }

            if (name is "emb_params" or "string_to_param" || name.StartsWith("string_to_param.", StringComparison.Ordinal))
            {
                return "a textual inversion, the embedding of a word";
            }
        }

        return null;
    }

    /// <summary>Whether tensors are named as in the original single files, several networks in one.</summary>
    internal static bool IsOriginal(IEnumerable<string> names) =>
        names.Any(name => name.StartsWith("model.diffusion_model.", StringComparison.Ordinal));

    internal static InvalidDataException Refuse(string path, string what, string remedy) =>
        new($"Cannot read '{path}': it is {what}; expected weights (safetensors, or a checkpoint of torch.save). {remedy}");

    // A protobuf message: the version of the format, then the producer's name or the graph.
    private static bool IsOnnx(ReadOnlySpan<byte> head) =>
        head.Length > 4 && head[0] == 0x08 && head[1] is > 0 and < 32 && (head[2] == 0x12 || head[2] == 0x3a)
        && (head[2] == 0x3a || (head[3] < 64 && head.Length > 4 + head[3] && Ascii.IsValid(head.Slice(4, head[3]))));

    private static ReadOnlySpan<byte> Head(string path)
    {
        using SeekableFile file = SeekableFile.Open(path, 0);
        byte[] head = new byte[Math.Min(HeadBytes, file.Length)];
        file.Read(0, head);
        return head;
    }
}
