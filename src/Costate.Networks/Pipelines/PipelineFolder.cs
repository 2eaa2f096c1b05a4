namespace Costate.Networks;

/// <summary>Reads a pipeline's folder, as the Hub lays it out.</summary>
internal static class PipelineFolder
{
    private const string Schedule = "scheduler";

    // One or two text encoders; what is made of them and the channels of the network decide the rest.
    private static readonly string[] Families =
        ["StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline"];

    private static readonly string[] FamiliesOfTwoTexts =
        ["StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLInpaintPipeline"];

    /// <summary>Reads <c>model_index.json</c> and the small files of the parts that it names.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="scheduler">Another scheduler to read the configuration as; null for its own.</param>
    /// <param name="prediction">What the network predicts; null for what the scheduler's file says.</param>
    internal static PipelineParts Read(string folder, string? scheduler, Prediction? prediction)
    {
        string index = Path.Combine(folder, "model_index.json");
        if (!File.Exists(index))
        {
            string hint = !Directory.Exists(folder) ? "There is no such folder: check the path."
                : File.Exists(Path.Combine(folder, "config.json")) ? "It is one of the parts: give the folder above it."
                : "Fetch the model's folder as it is, or give the folder that holds it.";
            throw new FileNotFoundException(
                $"There is no '{index}'; expected a model's folder as the Hub lays it out, with model_index.json, "
                    + $"{List([PartName.Text])}. {hint}",
                index);
        }

        JsonOptions options = JsonOptions.Open(index);
        bool isDouble = IsOfTwoTexts(index, options);
        bool scores = isDouble && options.Flag("requires_aesthetics_score", false);
        string[] texts = !isDouble ? [PartName.Text]
            : scores && options.ComponentClass(PartName.Text) is null ? [PartName.Text2]
            : [PartName.Text, PartName.Text2];
        RequireParts(folder, index, options, texts);
        string PathTo(string part) => Path.Combine(folder, part);
        string Config(string part) => Path.Combine(folder, part, "config.json");
        return new PipelineParts
        {
            Scheduler = SchedulerConfiguration.OfPipeline(Path.Combine(PathTo(Schedule), "scheduler_config.json"), scheduler, prediction),
            UnetConfig = UNet2DConditionConfig.Read(Config(PartName.Unet)),
            VaeConfig = AutoencoderKLConfig.Read(Config(PartName.Vae)),
            Texts =
            [
                .. texts.Select(text => new ClipPart(
                    text,
                    ClipTokenizer.FromPretrained(PathTo(ClipPart.TokenizerOf(text))),
                    ClipTextConfig.Read(Config(text)))),
            ],
            ZerosForNoText = isDouble && options.Flag("force_zeros_for_empty_prompt", true),
            IsToldScore = scores,
        }.Fitting(part => $"'{PathTo(part)}'");
    }

    /// <summary>A part's weights, by variant.</summary>
    /// <remarks>Models publish <c>non_ema</c> and its like of the U-Net alone: the other parts are then those without a word.</remarks>
    internal static WeightSource Open(string folder, string part, string? variant)
    {
        try
        {
            return WeightSource.Open(Path.Combine(folder, part), variant);
        }
        catch (FileNotFoundException) when (variant is not null && part != PartName.Unet)
        {
            return WeightSource.Open(Path.Combine(folder, part));
        }
    }

    private static bool IsOfTwoTexts(string index, JsonOptions options)
    {
        string family = options.OptionalText("_class_name", null) ?? throw new InvalidDataException(
            $"'{index}' has no \"_class_name\", which names the pipeline; expected {Families[0]}. Fetch the file again.");
        bool isDouble = FamiliesOfTwoTexts.Contains(family);
        return isDouble || Families.Contains(family)
            ? isDouble
            : throw new NotSupportedException(
                $"'{index}' is of the pipeline {ErrorText.Quote(family)}, which is not supported; expected "
                    + $"one of {string.Join(", ", Families.Concat(FamiliesOfTwoTexts))}, that is Stable Diffusion 1, 2 or XL, "
                    + $"or of {string.Join(", ", TransformerFamily.Pipelines)}.");
    }

    // Any class of scheduler: its own reader knows them.
    private static (string Part, string[]? Classes)[] Parts(IEnumerable<string> texts) =>
    [
        (PartName.Unet, [UNet2DConditionConfig.ClassName]),
        (PartName.Vae, [AutoencoderKLConfig.ClassName]),
        .. texts.SelectMany(text => new (string, string[]?)[]
        {
            (text, [text == PartName.Text ? "CLIPTextModel" : "CLIPTextModelWithProjection"]),
            (ClipPart.TokenizerOf(text), ["CLIPTokenizer", "CLIPTokenizerFast"]),
        }),
        (Schedule, null),
    ];

    private static void RequireParts(string folder, string index, JsonOptions options, string[] texts)
    {
        foreach ((string part, string[]? classes) in Parts(texts))
        {
            string name = options.ComponentClass(part)
                ?? throw new InvalidDataException($"'{index}' has no {ErrorText.Quote(part)}; the pipeline is made of {List(texts)}.");
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

    private static string List(string[] texts) => string.Join(", ", Parts(texts).Select(part => part.Part));
}
