using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Pipelines whose network is a transformer.</summary>
public sealed partial class DiffusionPipeline
{
    private readonly TransformerFamily? family;

    private DiffusionPipeline(TransformerFamily family, TransformerNetworks networks, ScalarType dtype)
    {
        (this.family, Source, Scheduler) = (family, family.Folder, family.Scheduler);
        (Codec, Network) = (networks.Codec, networks.Network);
        (Tokenizer, TextEncoder) = (family.Clips.FirstOrDefault()?.Tokenizer, networks.Clips.FirstOrDefault());
        (Tokenizer2, TextEncoder2) = (family.Clips.ElementAtOrDefault(1)?.Tokenizer, networks.Clips.ElementAtOrDefault(1));
        (LongTokenizer, LongTextEncoder) = (family.Long?.Tokenizer, networks.Long);
        texts = family.Texts(networks, dtype);
        ScheduledSampling run = family.ForSteps(AnySteps, family.PictureSize);
        latents = new PipelineLatents(Codec, dtype, run.SampleScale);
        startScale = run.StartScale;
        PictureSize = family.PictureSize;
        call = (x, t, z, scale) => family.Call(Network, x, t, z ?? throw ModuleCall.NoCondition(), scale);
        this.dtype = dtype;
        Denoiser = Told(UsualScale);
    }

    /// <summary>Makes ids of texts for T5; null for families without.</summary>
    public SentencePieceTokenizer? LongTokenizer { get; }

    /// <summary>T5, which reads long texts; null for families without.</summary>
    public T5EncoderModel? LongTextEncoder { get; }

    /// <summary>Whether gradients compute the blocks of the network and of the autoencoder again, rather than keeping what is in them. The
    /// default value is false.</summary>
    public bool GradientCheckpointing
    {
        get => ((IRecomputing)Network).GradientCheckpointing;
        set => ((IRecomputing)Network).GradientCheckpointing = Codec.GradientCheckpointing = value;
    }

    /// <summary>The guidance scale that samplers take unless another is given: that of diffusers' pipelines.</summary>
    public double UsualScale => family?.UsualScale ?? 7.5;

    /// <summary>How the network is guided.</summary>
    internal GuidanceKind Guidance => family?.Guidance ?? GuidanceKind.ClassifierFree;

    /// <summary>What of a text the encoders do not see, and how many tokens they take.</summary>
    internal (string Lost, int Length) CutOff(string prompt) => texts.CutOff(prompt);

    /// <summary>The denoiser without classifier-free guidance, told a scale where it is told one.</summary>
    /// <exception cref="InputException">It was distilled with one scale, and another is given.</exception>
    internal Denoiser Told(double scale) => Guidance != GuidanceKind.Fixed || scale == 1
        ? Denoiser.FromFunction(
            (Tensor x, Tensor t, Costate.Condition? z) => call(x, t, z, scale),
            Scheduler.Prediction,
            Scheduler.TimeScale,
            Scheduler.TrainingTimesteps,
            Network.parameters().Where(parameter => parameter.requires_grad)).InDtype(dtype)
        : throw new InputException(
            "guidanceScale", $"{scale}", "1: the network was distilled, and is told no guidance scale, as FLUX.1-schnell");

    // The published sampler for a number of steps and a size.
    private ScheduledSampling Plan(int steps, (int Height, int Width)? size) =>
        family?.ForSteps(steps, size ?? PictureSize) ?? Scheduler.ForSteps(steps);
}
