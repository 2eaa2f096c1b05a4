using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>All of a pipeline but its weights: its texts, its scheduler and the shapes of its networks.</summary>
internal sealed record PipelineParts
{
    // Height and width of the original and of the picture, and where it was cropped; or a score in place of the picture's.
    private const int SizeIds = 6;
    private const int ScoreIds = 5;

    private const int AnySteps = 10;

    /// <summary>Its text encoders with their tokenizers: one, or two whose states lie beside each other.</summary>
    internal required IReadOnlyList<ClipPart> Texts { get; init; }

    internal required SchedulerConfiguration Scheduler { get; init; }

    internal required UNet2DConditionConfig UnetConfig { get; init; }

    internal required AutoencoderKLConfig VaeConfig { get; init; }

    /// <summary>Whether the network was trained with zeros in place of a text that is missing.</summary>
    internal bool ZerosForNoText { get; init; }

    /// <summary>Whether the network is told how beautiful the picture shall be (SDXL's refiner) rather than its size.</summary>
    internal bool IsToldScore { get; init; }

    /// <summary>A run of the scheduler: what it starts from and what its samples are does not depend on the number of its steps.</summary>
    internal ScheduledSampling Run => Scheduler.ForSteps(Math.Min(AnySteps, Scheduler.TrainingTimesteps ?? AnySteps));

    /// <summary>Of the pictures that the U-Net was trained on, in pixels, as diffusers takes it.</summary>
    internal (int Height, int Width) PictureSize => UnetConfig.SampleSize is var (height, width)
        ? (height * VaeConfig.Factor, width * VaeConfig.Factor)
        : VaeConfig.SampleSize;

    /// <summary>Reads what a model's folder or single file says without its weights.</summary>
    /// <param name="model">The folder or file.</param>
    /// <param name="scheduler">Another scheduler to read the configuration as; null for its own.</param>
    /// <param name="prediction">What the network predicts; null for what the model says.</param>
    internal static PipelineParts Read(string model, string? scheduler, Prediction? prediction) => File.Exists(model)
        ? PublishedModels.Read(model, scheduler, prediction)
        : PipelineFolder.Read(model, scheduler, prediction);

    /// <summary>What the autoencoder computes in: SDXL's exceeds the range of float16.</summary>
    internal ScalarType CodecDtype(ScalarType dtype) =>
        dtype == ScalarType.Float16 && UnetConfig.HasAddedConditions && VaeConfig.ForceUpcast ? ScalarType.Float32 : dtype;

    /// <summary>This, if its parts fit together.</summary>
    /// <param name="nameOf">How messages name a part.</param>
    /// <exception cref="InvalidDataException">They are of two models.</exception>
    /// <exception cref="NotSupportedException">The network is told what no pipeline here tells it.</exception>
    internal PipelineParts Fitting(Func<string, string> nameOf)
    {
        ClipTextConfig last = Texts[^1].Config;
        bool pools = Texts[^1].Part == PartName.Text2;
        Fit(PartName.Unet, UnetConfig.HasAddedConditions == pools,
            UnetConfig.HasAddedConditions ? "is told a pooled text and sizes (text_time)" : "is told a text alone",
            Texts[^1].Part, $"is the last of {Texts.Count} text encoders, which {(pools ? "pools" : "does not pool")} its text");
        int channels = VaeConfig.LatentChannels;
        if (UnetConfig.InChannels > channels && !PipelineNetwork.Paints(UnetConfig.InChannels, channels))
        {
            throw new NotSupportedException(
                $"{nameOf(PartName.Unet)} takes {UnetConfig.InChannels} channels and the latents have {channels}: it is told more, as "
                    + "networks for instructions or depth are, which is not supported here. Use UNet2DConditionModel and a denoiser of a "
                    + "function that adds the others.");
        }

        Fit(PartName.Unet, UnetConfig.InChannels >= channels && UnetConfig.OutChannels == channels,
            $"takes {UnetConfig.InChannels} channels and gives {UnetConfig.OutChannels}", PartName.Vae, $"makes latents of {channels}");
        int width = Texts.Sum(text => text.Config.HiddenSize);
        Fit(PartName.Unet, UnetConfig.CrossAttentionDim[0] == width,
            $"takes texts of width {UnetConfig.CrossAttentionDim[0]}", Texts[0].Part, $"makes them of width {width}");
        foreach (ClipPart text in Texts)
        {
            Fit(text.TokenizerPart, text.Tokenizer.VocabularySize <= text.Config.VocabSize,
                $"has {text.Tokenizer.VocabularySize} tokens", text.Part, $"knows {text.Config.VocabSize}");
            Fit(text.TokenizerPart, text.Tokenizer.Length <= text.Config.MaxPositionEmbeddings,
                $"makes texts of {text.Tokenizer.Length} tokens", text.Part, $"takes at most {text.Config.MaxPositionEmbeddings}");
        }

        if (pools)
        {
            int ids = IsToldScore ? ScoreIds : SizeIds;
            int told = UnetConfig.ProjectionClassEmbeddingsInputDim!.Value - (ids * UnetConfig.AdditionTimeEmbedDim!.Value);
            Fit(PartName.Unet, told == last.ProjectionDim,
                $"takes a pooled text of width {told} beside {ids} sizes", PartName.Text2, $"makes one of width {last.ProjectionDim}");
        }

        return this;

        void Fit(string part, bool fits, string does, string other, string otherDoes)
        {
            if (!fits)
            {
                throw new InvalidDataException(
                    $"{nameOf(part)} {does}, but {nameOf(other)} {otherDoes}: they are of two models. Fetch both again.");
            }
        }
    }
}
