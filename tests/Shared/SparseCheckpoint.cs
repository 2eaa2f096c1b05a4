using System.Text;

namespace Costate.Testing;

/// <summary>Single files of published models with a few of their tensors, as large as they are, that take no room on the disk.</summary>
internal static class SparseCheckpoint
{
    /// <summary>By family: the tensors that say what it is.</summary>
    public static IReadOnlyDictionary<string, (string Name, long[] Shape)[]> Families { get; } =
        new Dictionary<string, (string, long[])[]>
        {
            ["sd1"] = Model(320, 4, ClipLarge("cond_stage_model.transformer.")),
            ["sd1-inpainting"] = Model(320, 9, ClipLarge("cond_stage_model.transformer.")),
            ["sd1-instructions"] = Model(320, 8, ClipLarge("cond_stage_model.transformer.")),
            ["sd2"] = Model(320, 4, OpenClip("cond_stage_model.model.", 1024)),
            ["sd2-inpainting"] = Model(320, 9, OpenClip("cond_stage_model.model.", 1024)),
            ["sdxl"] = Model(320, 4, ClipLarge("conditioner.embedders.0.transformer."), OpenClip("conditioner.embedders.1.model.", 1280)),
            ["refiner"] = Model(384, 4, OpenClip("conditioner.embedders.0.model.", 1280)),
            ["small"] = Model(8, 4, ClipLarge("cond_stage_model.transformer.")),
        };

    /// <summary>Writes the file of a family, in 16 bits.</summary>
    public static string Write(string path, string family)
    {
        long end = 0;
        IEnumerable<string> entries = Families[family].Select(tensor =>
        {
            long begin = end;
            end += 2 * tensor.Shape.Aggregate(1L, (product, size) => product * size);
            string shape = string.Join(',', tensor.Shape);
            return $$"""
                "{{tensor.Name}}":{"dtype":"F16","shape":[{{shape}}],"data_offsets":[{{begin}},{{end}}]}
                """;
        });
        byte[] header = Encoding.UTF8.GetBytes($"{{{string.Join(',', entries)}}}");
        using FileStream file = File.Create(path);
        file.Write(BitConverter.GetBytes((ulong)header.Length));
        file.Write(header);
        file.SetLength(file.Position + end);
        return path;
    }

    private static (string, long[])[] Model(long width, long channels, params (string, long[])[] texts) =>
    [
        ("model.diffusion_model.input_blocks.0.0.weight", [width, channels, 3, 3]),
        ("first_stage_model.quant_conv.weight", [8, 8, 1, 1]),
        .. texts,
    ];

    private static (string, long[]) ClipLarge(string prefix) =>
        ($"{prefix}text_model.embeddings.token_embedding.weight", [49408, 768]);

    private static (string, long[]) OpenClip(string prefix, long width) => ($"{prefix}token_embedding.weight", [49408, width]);
}
