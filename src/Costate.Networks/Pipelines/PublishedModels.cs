namespace Costate.Networks;

/// <summary>
/// The published models as single files in their original layout, which hold weights alone: what else a pipeline needs follows from the
/// family, that is from the names in the file, as it was published.
/// </summary>
internal static class PublishedModels
{
    // The larger text encoders were trained with the first token, "!", after the end.
    private const int PaddingOfOpenClip = 0;

    private const string Training = """
        "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
        "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1
        """;

    private const string Leading = """, "timestep_spacing": "leading" """;

    private static readonly ClipTextConfig ClipLarge = new()
    {
        HiddenSize = 768,
        IntermediateSize = 3072,
        ProjectionDim = 768,
        NumHiddenLayers = 12,
        NumAttentionHeads = 12,
        EosTokenId = 2,
    };

    // Without the last of its 24 layers.
    private static readonly ClipTextConfig OpenClipHuge = new()
    {
        HiddenSize = 1024,
        IntermediateSize = 4096,
        NumHiddenLayers = 23,
        NumAttentionHeads = 16,
        HiddenAct = "gelu",
        EosTokenId = 2,
    };

    private static readonly ClipTextConfig OpenClipGiant = new()
    {
        HiddenSize = 1280,
        IntermediateSize = 5120,
        ProjectionDim = 1280,
        HasProjection = true,
        NumHiddenLayers = 32,
        NumAttentionHeads = 20,
        HiddenAct = "gelu",
        EosTokenId = 2,
    };

    private static readonly UNet2DConditionConfig Unet1 = new() { SampleSize = (64, 64), CrossAttentionDim = [768] };

    private static readonly UNet2DConditionConfig Unet2 = new()
    {
        SampleSize = (64, 64),
        CrossAttentionDim = [1024],
        AttentionHeadDim = [5, 10, 20, 20],
        UseLinearProjection = true,
    };

    private static readonly UNet2DConditionConfig UnetXl = new()
    {
        SampleSize = (128, 128),
        DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        UpBlockTypes = ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        BlockOutChannels = [320, 640, 1280],
        CrossAttentionDim = [2048],
        TransformerLayersPerBlock = [1, 2, 10],
        AttentionHeadDim = [5, 10, 20],
        UseLinearProjection = true,
        AdditionEmbedType = "text_time",
        AdditionTimeEmbedDim = 256,
        ProjectionClassEmbeddingsInputDim = 1280 + (6 * 256),
    };

    private static readonly UNet2DConditionConfig UnetRefiner = UnetXl with
    {
        DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        BlockOutChannels = [384, 768, 1536, 1536],
        CrossAttentionDim = [1280],
        TransformerLayersPerBlock = [4],
        AttentionHeadDim = [6, 12, 24, 24],
        ProjectionClassEmbeddingsInputDim = 1280 + (5 * 256),
    };

    private static readonly AutoencoderKLConfig Vae = new()
    {
        DownBlockTypes = [.. Enumerable.Repeat("DownEncoderBlock2D", 4)],
        UpBlockTypes = [.. Enumerable.Repeat("UpDecoderBlock2D", 4)],
        BlockOutChannels = [128, 256, 512, 512],
        LayersPerBlock = 2,
        SampleSize = (512, 512),
    };

    private static readonly AutoencoderKLConfig VaeXl = Vae with { SampleSize = (1024, 1024), ScalingFactor = 0.13025 };

    /// <summary>The parts of a single file's model but the weights, by the names and a few shapes in it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="scheduler">Another scheduler than the published one; null for that.</param>
    /// <param name="prediction">What the network predicts; null for what its family does.</param>
    /// <exception cref="InputException">The file does not tell what the network predicts.</exception>
    /// <exception cref="InvalidDataException">It is no such file, or of other sizes than the family's.</exception>
    /// <exception cref="NotSupportedException">The network is told what no pipeline here tells it.</exception>
    internal static PipelineParts Read(string file, string? scheduler, Prediction? prediction)
    {
        using WeightSource source = WeightSource.Open(file);
        return Of(OriginalCheckpoint.Of(source), file, scheduler, prediction);
    }

    internal static PipelineParts Of(OriginalCheckpoint original, string file, string? scheduler, Prediction? prediction)
    {
        int channels = (int)original.InputChannels;
        Prediction predicts = prediction ?? Predicts(original.Family, channels, file);
        bool isVelocity = predicts == Prediction.Velocity;
        ClipTokenizer padded = PublishedClipTokenizer.Of(PaddingOfOpenClip);
        var large = new ClipPart(PartName.Text, PublishedClipTokenizer.Of(), ClipLarge);
        var giant = new ClipPart(PartName.Text2, padded, OpenClipGiant);
        PipelineParts parts = original.Family switch
        {
            OriginalFamily.StableDiffusion1 =>
                new() { Texts = [large], Scheduler = Scheduler("PNDMScheduler"), UnetConfig = Unet1, VaeConfig = Vae },
            OriginalFamily.StableDiffusion2 => new()
            {
                Texts = [new(PartName.Text, padded, OpenClipHuge)],
                Scheduler = Scheduler(isVelocity ? "DDIMScheduler" : "PNDMScheduler"),

                // That of 768 pixels exceeds the range of float16 in its attention.
                UnetConfig = isVelocity ? Unet2 with { SampleSize = (96, 96), UpcastAttention = true } : Unet2,
                VaeConfig = Vae,
            },
            OriginalFamily.StableDiffusionXl => new()
            {
                Texts = [large, giant],
                Scheduler = Scheduler("EulerDiscreteScheduler", Leading),
                UnetConfig = UnetXl,
                VaeConfig = VaeXl,
                ZerosForNoText = true,
            },
            _ => new()
            {
                Texts = [giant],
                Scheduler = Scheduler("EulerDiscreteScheduler", Leading),
                UnetConfig = UnetRefiner,
                VaeConfig = VaeXl,
                IsToldScore = true,
            },
        };
        parts = parts with { UnetConfig = parts.UnetConfig with { InChannels = channels } };
        RequireSizes(original, parts, file);
        return parts.Fitting(part => $"The {part} of '{file}'");

        SchedulerConfiguration Scheduler(string name, string more = "") => SchedulerConfiguration.OfPublished(
            $"the scheduler of {original.Family}", $$"""{"_class_name": "{{name}}", {{Training}}{{more}}}""", scheduler, predicts);
    }

    // The networks for inpainting were trained on from the one of 512 pixels, which predicts noise.
    private static Prediction Predicts(OriginalFamily family, int channels, string file) =>
        family != OriginalFamily.StableDiffusion2 || channels != Unet2.InChannels
            ? Prediction.Noise
            : throw new InputException(
                "prediction",
                "nothing",
                $"noise or velocity, as the network predicts: '{file}' is of Stable Diffusion 2, whose files do not tell",
                "The models of 768 pixels predict velocity, those of 512 (named base) noise.");

    private static void RequireSizes(OriginalCheckpoint original, PipelineParts parts, string file)
    {
        (string Name, long Got, long Expected)[] sizes =
        [
            ("channels of its U-Net", original.FirstChannels, parts.UnetConfig.BlockOutChannels[0]),
            .. parts.Texts.SelectMany((text, index) => new (string, long, long)[]
            {
                ("tokens of its text encoder", original.TokenTable(index)[0], text.Config.VocabSize),
                ("channels of its text encoder", original.TokenTable(index)[1], text.Config.HiddenSize),
            }),
        ];
        if (Array.Find(sizes, size => size.Got != size.Expected) is { Name: not null } other)
        {
            throw new InvalidDataException(
                $"'{file}' has the layout of {original.Family} in sizes that were not published: {other.Got} {other.Name}, expected "
                    + $"{other.Expected}. What its networks are cannot be told: give the folder of a model of its kind, and this as its "
                    + "weights.");
        }
    }
}
