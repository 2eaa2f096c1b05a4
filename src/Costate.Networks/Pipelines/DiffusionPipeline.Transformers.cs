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

    /// <summary>T5, which reads long texts; null for families without, and where it was released.</summary>
    public T5EncoderModel? LongTextEncoder { get; private set; }

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

    /// <summary>The size that a run is planned for: that given, or, where the steps depend on it, that of the network; null for any.
    /// </summary>
    /// <exception cref="InputException">The size given does not fit the network.</exception>
    internal (int Height, int Width)? Planned((int Height, int Width)? size)
    {
        int multiple = family?.Multiple ?? Codec.Config.Factor;
        return size is not var (height, width) ? (Scheduler.TakesShift ? PictureSize : null)
            : height > 0 && width > 0 && height % multiple == 0 && width % multiple == 0 ? size
            : throw new InputException(nameof(size), $"{width}x{height}", $"sides that are positive multiples of {multiple}");
    }

    /// <summary>The denoiser without classifier-free guidance, told a scale where it is told one.</summary>
    /// <param name="scale">The scale.</param>
    /// <param name="size">The one size that its steps were planned for, whose latents it takes; null for any.</param>
    /// <exception cref="InputException">It was distilled with one scale, and another is given.</exception>
    internal Denoiser Told(double scale, (int Height, int Width)? size = null) => Guidance != GuidanceKind.Fixed || scale == 1
        ? Denoiser.FromFunction(
            (Tensor x, Tensor t, Costate.Condition? z) => call(OfSize(x, size), t, z, scale),
            Scheduler.Prediction,
            Scheduler.TimeScale,
            Scheduler.TrainingTimesteps,
            Network.parameters().Where(parameter => parameter.requires_grad)).InDtype(dtype)
        : throw new InputException(
            "guidanceScale", $"{scale}", "1: the network was distilled, and is told no guidance scale, as FLUX.1-schnell");

    private Tensor OfSize(Tensor x, (int Height, int Width)? size)
    {
        int factor = Codec.Config.Factor;
        return size is not var (height, width) || (x.shape[^2] * factor == height && x.shape[^1] * factor == width)
            ? x
            : throw new InputException(
                nameof(size),
                $"{width}x{height} beside latents of {x.shape[^1]} x {x.shape[^2]}",
                $"{x.shape[^1] * factor}x{x.shape[^2] * factor}, their picture's",
                "Give the size of the picture where the steps are made.");
    }

    // The published sampler for a number of steps and a size.
    private ScheduledSampling Plan(int steps, (int Height, int Width)? size) =>
        family?.ForSteps(steps, size ?? PictureSize) ?? Scheduler.ForSteps(steps);
}
