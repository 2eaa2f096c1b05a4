namespace Costate.Networks;

/// <summary>
/// All of a pipeline's folder but the weights: what it is made of, its tokenizer, its scheduler and the shapes of its networks, which
/// have been found to fit together.
/// </summary>
internal sealed class PipelineFolder
{
    internal const string Unet = "unet";
    internal const string Vae = "vae";
    internal const string Text = "text_encoder";
    private const string Tokens = "tokenizer";
    private const string Schedule = "scheduler";

    // Both are Stable Diffusion 1 or 2 with the same parts.
    private static readonly string[] Families = ["StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline"];

    // Null: the scheduler's own reader knows its classes.
    private static readonly (string Part, string[]? Classes)[] Parts =
    [
        (Unet, [UNet2DConditionConfig.ClassName]),
        (Vae, [AutoencoderKLConfig.ClassName]),
        (Text, ["CLIPTextModel"]),
        (Tokens, ["CLIPTokenizer", "CLIPTokenizerFast"]),
        (Schedule, null),
    ];

    private readonly string folder;

    private PipelineFolder(string folder, string? scheduler)
    {
        this.folder = folder;
        Tokenizer = ClipTokenizer.FromPretrained(PathTo(Tokens));
        Scheduler = SchedulerConfiguration.OfPipeline(Path.Combine(PathTo(Schedule), "scheduler_config.json"), scheduler);
        UnetConfig = UNet2DConditionConfig.Read(Path.Combine(PathTo(Unet), "config.json"));
        VaeConfig = AutoencoderKLConfig.Read(Path.Combine(PathTo(Vae), "config.json"));
        TextConfig = ClipTextConfig.Read(Path.Combine(PathTo(Text), "config.json"));
    }

    internal ClipTokenizer Tokenizer { get; }

    internal SchedulerConfiguration Scheduler { get; }

    internal UNet2DConditionConfig UnetConfig { get; }

    internal AutoencoderKLConfig VaeConfig { get; }

    internal ClipTextConfig TextConfig { get; }

    /// <summary>Reads <c>model_index.json</c> and the small files of the parts that it names.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="scheduler">Another scheduler to read the configuration as; null for its own.</param>
    internal static PipelineFolder Read(string folder, string? scheduler)
    {
        string index = Path.Combine(folder, "model_index.json");
        if (!File.Exists(index))
        {
            string hint = !Directory.Exists(folder) ? "There is no such folder: check the path."
                : File.Exists(Path.Combine(folder, "config.json")) ? "It is one of the parts: give the folder above it."
                : "Fetch the model's folder as it is, or give the folder that holds it.";
            throw new FileNotFoundException(
                $"There is no '{index}'; expected a model's folder as the Hub lays it out, with model_index.json, {List()}. {hint}", index);
        }

        RequireParts(folder, index, JsonOptions.Open(index));
        var read = new PipelineFolder(folder, scheduler);
        read.RequireFit();
        return read;
    }

    /// <summary>The folder of a part.</summary>
    internal string PathTo(string part) => Path.Combine(folder, part);

    /// <summary>A part's weights, by variant.</summary>
    /// <remarks>Models publish <c>non_ema</c> and its like of the U-Net alone: the other parts are then those without a word.</remarks>
    internal WeightSource Open(string part, string? variant)
    {
        try
        {
            return WeightSource.Open(PathTo(part), variant);
        }
        catch (FileNotFoundException) when (variant is not null && part != Unet)
        {
            return WeightSource.Open(PathTo(part));
        }
    }

    private static void RequireParts(string folder, string index, JsonOptions options)
    {
        string family = options.OptionalText("_class_name", null) ?? throw new InvalidDataException(
            $"'{index}' has no \"_class_name\", which names the pipeline; expected {Families[0]}. Fetch the file again.");
        if (!Families.Contains(family))
        {
            throw new NotSupportedException(
                $"'{index}' is of the pipeline {ErrorText.Quote(family)}, which is not supported; expected "
                    + $"{string.Join(" or ", Families)}, that is Stable Diffusion 1 or 2.");
        }

        foreach ((string part, string[]? classes) in Parts)
        {
            string name = options.ComponentClass(part)
                ?? throw new InvalidDataException($"'{index}' has no {ErrorText.Quote(part)}; the pipeline is made of {List()}.");
            if (classes is not null && !classes.Contains(name))
            {
                throw new NotSupportedException(
                    $"'{index}' has a {ErrorText.Quote(part)} of the class {ErrorText.Quote(name)}, which is not supported; expected "
                        + $"{string.Join(" or ", classes)}.");
            }

            if (!Directory.Exists(Path.Combine(folder, part)))
            {
                throw new FileNotFoundException(
                    $"There is no folder '{Path.Combine(folder, part)}', the {ErrorText.Quote(part)} of the pipeline. Fetch it too.",
                    Path.Combine(folder, part));
            }
        }
    }

    private void RequireFit()
    {
        if (UnetConfig.HasAddedConditions)
        {
            throw new NotSupportedException(
                $"'{PathTo(Unet)}' is told a pooled text and sizes (text_time), as SDXL is, which this pipeline does not have.");
        }

        int channels = VaeConfig.LatentChannels;
        if (UnetConfig.InChannels > channels)
        {
            throw new NotSupportedException(
                $"'{PathTo(Unet)}' takes {UnetConfig.InChannels} channels and the latents have {channels}: it is told more than them, as "
                    + "networks for inpainting, instructions or depth are, which is not supported here. Use UNet2DConditionModel and a "
                    + "denoiser of a function that adds the others.");
        }

        Fit(Unet, UnetConfig.InChannels == channels && UnetConfig.OutChannels == channels,
            $"takes {UnetConfig.InChannels} channels and gives {UnetConfig.OutChannels}", Vae, $"makes latents of {channels}");
        Fit(Unet, UnetConfig.CrossAttentionDim[0] == TextConfig.HiddenSize,
            $"takes texts of width {UnetConfig.CrossAttentionDim[0]}", Text, $"makes them of width {TextConfig.HiddenSize}");
        Fit(Tokens, Tokenizer.VocabularySize <= TextConfig.VocabSize,
            $"has {Tokenizer.VocabularySize} tokens", Text, $"knows {TextConfig.VocabSize}");
        Fit(Tokens, Tokenizer.Length <= TextConfig.MaxPositionEmbeddings,
            $"makes texts of {Tokenizer.Length} tokens", Text, $"takes at most {TextConfig.MaxPositionEmbeddings}");
    }

    private void Fit(string part, bool fits, string does, string other, string otherDoes)
    {
        if (!fits)
        {
            throw new InvalidDataException(
                $"'{PathTo(part)}' {does}, but '{PathTo(other)}' {otherDoes}: they are of two models. Fetch both again.");
        }
    }

    private static string List() => string.Join(", ", Parts.Select(part => part.Part));
}
