using System.Globalization;
using Costate.Faces.Reports;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Faces.Sampling;

/// <summary>What a pipeline is told in words, and how it is loaded.</summary>
internal sealed record Prompting
{
    /// <summary>The guidance scale unless another is given.</summary>
    internal const double UsualScale = 7.5;

    /// <summary>The same for the folder of a pipeline.</summary>
    internal static double UsualScaleOf(string folder) => TransformerFamily.Read(folder)?.UsualScale ?? UsualScale;

    /// <summary>What to draw: one text for all samples, or one for each.</summary>
    internal required IReadOnlyList<string> Prompts { get; init; }

    /// <summary>What to lead away from, for all samples; what the model was trained with in place of a text if null.</summary>
    internal required string? Negative { get; init; }

    /// <summary>The scale of classifier-free guidance; 1 is none.</summary>
    internal required double GuidanceScale { get; init; }

    /// <summary>Of a picture, in pixels; that of the network if null.</summary>
    internal (int Width, int Height)? Size { get; init; }

    /// <summary>Which of several weights; those without a word if null.</summary>
    internal string? Variant { get; init; }

    /// <summary>A single file to take the weights from; the folder's own if null.</summary>
    internal string? Weights { get; init; }

    /// <summary>The side of the autoencoder's tiles, in pixels; null for pictures in one piece.</summary>
    internal int? Tile { get; init; }

    /// <summary>Another scheduler than the folder's to read its configuration as; the folder's own if null.</summary>
    internal string? Scheduler { get; init; }

    /// <summary>What the network predicts, where the folder does not say it; what it says if null.</summary>
    internal Prediction? Prediction { get; init; }

    /// <summary>What the networks compute in.</summary>
    internal ScalarType NetworkDtype { get; init; } = ScalarType.Float32;

    /// <summary>Where they compute.</summary>
    internal Device Device { get; init; } = CPU;

    /// <summary>As remarks of a latent, by name.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Options =>
    [
        new("prompt", string.Join('\n', Prompts)),
        .. Negative is null ? [] : (KeyValuePair<string, string>[])[new("negative", Negative)],
        new("guidance-scale", GuidanceScale.ToString("R", CultureInfo.InvariantCulture)),
        new("network-dtype", NetworkDtype.ToString()),
    ];

    /// <summary>By name: what results say of it.</summary>
    internal IReadOnlyList<(string Name, Setting? Value)> Describe() =>
    [
        ("prompt", string.Join('\n', Prompts)),
        ("negative", Negative),
        ("guidanceScale", GuidanceScale),
        ("variant", Variant),
        ("tileSize", Tile),
        ("scheduler", Scheduler),
        ("networkDtype", NetworkDtype.ToString().ToLowerInvariant()),
    ];

    /// <summary>What its networks depend on, as text: two with the same text can share them.</summary>
    internal string NetworksOf(string model) =>
        string.Join('\n', "pipeline", Path.GetFullPath(model), Variant, Weights, Scheduler, Prediction, NetworkDtype, Device, Tile);

    /// <summary>Loads the pipeline of a folder or a single file.</summary>
    /// <param name="model">The folder or file.</param>
    /// <param name="progress">Told what part of the weights has been read, from 0 to 1.</param>
    /// <param name="cancellationToken">Ends the loading between two tensors.</param>
    internal DiffusionPipeline Load(string model, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        double total = Math.Max(1, PipelineFiles.Bytes(Weights ?? model, Variant));
        DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(
            model,
            NetworkDtype,
            Device,
            Variant,
            scheduler: Scheduler,
            weights: Weights,
            prediction: Prediction,
            progress: progress is null ? null : new Listener<long>(read => progress.Report(read / total)),
            cancellationToken: cancellationToken);

        // Gradients are the same numbers for half as much time again, and memory is what there is too little of.
        pipeline.GradientCheckpointing = true;
        try
        {
            pipeline.Codec.TileSize = Tile;
        }
        catch
        {
            pipeline.Dispose();
            throw;
        }

        return pipeline;
    }

    /// <summary>A pipeline as a model of latents, which owns it.</summary>
    internal Model ModelOf(DiffusionPipeline pipeline, SamplingPlan plan) => new(
        pipeline.Source, TellingScale(pipeline).WithFingerprint(pipeline.Network.parameters()), plan.Schedule, pipeline)
    {
        Grid = _ => plan.Grid,
        StartScale = plan.StartScale,
        ToLatents = pipeline.Encode,
        ToPictures = pipeline.Decode,
    };

    /// <summary>Texts as the condition of a batch, in the caller's dispose scope. What is too long for the encoder is cut.</summary>
    /// <param name="pipeline">Whose.</param>
    /// <param name="texts">One for all, or one for each.</param>
    /// <param name="batch">Items.</param>
    internal static Condition ConditionOf(DiffusionPipeline pipeline, IReadOnlyList<string> texts, long batch)
    {
        Condition condition = pipeline.Condition(texts, truncate: true);
        return texts.Count == batch ? condition : Spread(condition, batch);
    }

    /// <summary>One condition for all items of a batch, in the caller's dispose scope.</summary>
    internal static Condition Spread(Condition one, long batch) =>
        one.Map(entry => entry with { Values = entry.Values.expand([batch, .. entry.Values.shape.Skip(1)]).contiguous() });

    /// <summary>The unconditional branch, one for all items, and its scale; null where there is no guidance.</summary>
    internal (Condition? Unconditional, double Scale)? GuidanceOf(DiffusionPipeline pipeline) =>
        GuidanceScale == 1 || (pipeline.Guidance != GuidanceKind.ClassifierFree && Negative is null)
            ? null
            : (pipeline.Unconditional(Negative, truncate: true), GuidanceScale);

    /// <summary>What of the texts the encoder does not see, a sentence for each that is too long.</summary>
    internal static IEnumerable<string> Lost(DiffusionPipeline pipeline, IEnumerable<string> texts) =>
        from text in texts
        let cut = pipeline.CutOff(text)
        where cut.Lost.Length > 0
        select $"The text is longer than the {cut.Length} tokens that the encoder takes; it does not see: {cut.Lost}";

    /// <summary>How large its pictures are, in pixels.</summary>
    internal (int Width, int Height) SizeOf(DiffusionPipeline pipeline) =>
        Size ?? pipeline.PictureSize switch { var (height, width) => (width, height) };

    /// <summary>The shape of one of its latents.</summary>
    internal long[] LatentShapeOf(DiffusionPipeline pipeline)
    {
        int factor = pipeline.Codec.Config.Factor;
        (int width, int height) = SizeOf(pipeline);
        return [pipeline.Codec.Config.LatentChannels, height / factor, width / factor];
    }

    /// <summary>The shape of the pictures that latents of a shape are decoded to.</summary>
    internal static long[] PicturesOf(DiffusionPipeline pipeline, long[] latents)
    {
        int factor = pipeline.Codec.Config.Factor;
        return [latents[0], pipeline.Codec.Config.OutChannels, factor * latents[2], factor * latents[3]];
    }

    private Denoiser TellingScale(DiffusionPipeline pipeline) => pipeline.Told(
        pipeline.Guidance == GuidanceKind.ClassifierFree ? pipeline.UsualScale : GuidanceScale,
        pipeline.Planned(Size is var (width, height) ? (height, width) : null));
}
