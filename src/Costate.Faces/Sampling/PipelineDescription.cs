using Costate.Faces.Reports;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Sampling;

/// <summary>What is in a model's folder or file, by its small files and the headers of its weights: nothing of them is loaded.</summary>
internal sealed record PipelineDescription
{
    public string Command => "model";

    public string Version => ToolVersion.Version;

    /// <summary>Where.</summary>
    public required string Model { get; init; }

    /// <summary>The class of the pipeline, or the family that the names of a single file tell of.</summary>
    public required string Family { get; init; }

    public required IReadOnlyList<Part> Parts { get; init; }

    public long Parameters => Parts.Sum(part => part.Parameters);

    /// <summary>The bytes that the networks take when they are loaded, in 32 and in 16 bits.</summary>
    public long BytesInSingle => 4 * Parameters;

    public long BytesInHalf => 2 * Parameters;

    /// <summary>The class of the scheduler; null where it cannot be told.</summary>
    public string? Scheduler { get; init; }

    /// <summary>What the network predicts; null where that cannot be told.</summary>
    public string? Prediction { get; init; }

    /// <summary>What a picture and its gradient take; null where that cannot be told.</summary>
    public Picture? Memory { get; init; }

    /// <summary>The same once the text encoders are let go of, as costate does before it samples: what was loaded with them is not in it.
    /// </summary>
    public Picture? MemoryWithoutEncoders { get; init; }

    /// <summary>How many numbers the text encoders have.</summary>
    public long EncoderParameters => Parts.Where(part => part.Name.StartsWith("text_encoder", StringComparison.Ordinal))
        .Sum(part => part.Parameters);

    /// <summary>Why the tool cannot sample it; null where it can.</summary>
    public string? Refused { get; init; }

    /// <summary>
    /// What a guided sample and the gradient of a loss on its picture take in all, in bytes: weights, the program, and what the shapes of
    /// the layers tell of the rest (an estimate; blocks are computed again for the gradient, as the tool does).
    /// </summary>
    internal sealed record Picture(
        int Width, int Height, long SampleInSingle, long GradientInSingle, long SampleInHalf, long GradientInHalf);

    /// <summary>A network of it.</summary>
    /// <param name="Name">Its folder; of a single file that which it would have.</param>
    /// <param name="Class">Its class, where that is said.</param>
    /// <param name="Parameters">How many numbers it has.</param>
    /// <param name="Dtypes">As they are stored.</param>
    /// <param name="Bytes">On the disk.</param>
    internal sealed record Part(string Name, string? Class, long Parameters, string Dtypes, long Bytes);

    /// <summary>Looks at a folder or a single file.</summary>
    /// <param name="path">Which.</param>
    /// <param name="variant">Which of several weights, or null.</param>
    /// <param name="size">Width and height of the picture whose memory is estimated; null for the network's own.</param>
    /// <exception cref="FileNotFoundException">There is no such model.</exception>
    /// <exception cref="InvalidDataException">It is something else, or damaged.</exception>
    internal static PipelineDescription Of(string path, string? variant, (int Width, int Height)? size = null)
    {
        JsonOptions? index = Directory.Exists(path) ? JsonOptions.Open(Path.Combine(path, "model_index.json")) : null;
        List<Part> parts = [];
        foreach ((string name, WeightSource weights) in PipelineFiles.Open(path, variant))
        {
            using (weights)
            {
                parts.Add(PartOf(name, index?.ComponentClass(name), weights));
            }
        }

        var described = new PipelineDescription
        {
            Model = path,
            Family = index is null ? $"{PipelineFiles.Family(path)}, a single file" : index.OptionalText("_class_name", null) ?? "not said",
            Parts = parts,
        };
        try
        {
            SchedulerConfiguration scheduler = PipelineFiles.Scheduler(path, className: null);
            described = described with
            {
                Scheduler = scheduler.ClassName,
                Prediction = scheduler.Prediction.ToString().ToLowerInvariant(),
            };
            return described with
            {
                Memory = MemoryOf(path, described.Parameters, size),
                MemoryWithoutEncoders = described.EncoderParameters == 0
                    ? null
                    : MemoryOf(path, described.Parameters - described.EncoderParameters, size),
            };
        }
        catch (Exception e) when (e is NotSupportedException or IOException or InvalidDataException or SchedulerConfigurationException
            or InputException)
        {
            return described with { Refused = e.Message };
        }
    }

    /// <summary>The networks as a table.</summary>
    internal ResultTable Table()
    {
        var table = new ResultTable("network", "class", "stored as", "parameters", "GB on the disk") { WordColumns = 3, IsRuled = true };
        foreach (Part part in Parts)
        {
            table.Add(part.Name, part.Class ?? "", part.Dtypes, $"{part.Parameters:N0}", $"{part.Bytes / 1e9:0.00}");
        }

        return table;
    }

    /// <summary>Below the table: parameters, scheduler and memory, a line for each, and why it cannot be sampled.</summary>
    internal string Summary()
    {
        List<string> lines =
        [
            $"{Parameters:N0} parameters: {BytesInSingle / 1e9:0.00} GB of memory in float32, {BytesInHalf / 1e9:0.00} GB in 16 bits",
        ];
        if (Scheduler is not null)
        {
            lines.Add($"scheduler: {Scheduler}, the network predicts {Prediction}");
        }

        if (Memory is { } memory)
        {
            lines.Add(
                $"a picture of {memory.Width} x {memory.Height}, about: {memory.SampleInSingle / 1e9:0.00} GB of memory in float32, "
                    + $"{memory.SampleInHalf / 1e9:0.00} GB in 16 bits");
            lines.Add(
                $"a gradient of it, about: {memory.GradientInSingle / 1e9:0.00} GB of memory in float32, "
                    + $"{memory.GradientInHalf / 1e9:0.00} GB in 16 bits");
        }

        if (MemoryWithoutEncoders is { } without)
        {
            lines.Add(
                $"the text encoders take {4 * EncoderParameters / 1e9:0.00} GB of it in float32, "
                    + $"{2 * EncoderParameters / 1e9:0.00} GB in 16 bits. They are let go of before a run, which then holds "
                    + $"{without.SampleInSingle / 1e9:0.00} and {without.SampleInHalf / 1e9:0.00} GB for the picture, "
                    + $"{without.GradientInSingle / 1e9:0.00} and {without.GradientInHalf / 1e9:0.00} GB for the gradient");
        }

        if (Refused is not null)
        {
            lines.Add($"It cannot be sampled: {Refused}");
        }

        return string.Join('\n', lines);
    }

    private static Picture MemoryOf(string path, long parameters, (int Width, int Height)? size)
    {
        var transformer = TransformerFamily.Read(path);
        PipelineParts? unet = transformer is null ? PipelineParts.Read(path, scheduler: null, prediction: null) : null;
        (int height, int width) = transformer?.PictureSize ?? unet!.PictureSize;
        (int Width, int Height) wanted = size ?? (width, height);
        (long inSingle, long gradientInSingle) = In(ScalarType.Float32);
        (long inHalf, long gradientInHalf) = In(ScalarType.Float16);
        return new Picture(wanted.Width, wanted.Height, inSingle, gradientInSingle, inHalf, gradientInHalf);

        (long Sample, long Gradient) In(ScalarType dtype)
        {
            PipelineMemory above = transformer is null
                ? PipelineMemory.Of(unet!, wanted.Height, wanted.Width, dtype)
                : PipelineMemory.Of(transformer, wanted.Height, wanted.Width, dtype);
            double fixedPart = PipelineMemory.Program + ((double)parameters * dtype.ElementSize());
            return ((long)(fixedPart + above.Sample), (long)(fixedPart + above.Gradient));
        }
    }

    private static Part PartOf(string name, string? className, WeightSource weights)
    {
        StoredTensor[] tensors = [.. weights.Names.Select(weights.Info)];
        return new Part(
            name,
            className,
            tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, size) => product * size)),
            string.Join(", ", tensors.Select(tensor => tensor.DtypeName).Distinct()),
            tensors.Sum(tensor => tensor.ByteCount));
    }
}
