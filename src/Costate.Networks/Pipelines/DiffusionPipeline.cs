using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// A published latent-diffusion model as it is used: texts become conditions, pictures latents and latents pictures, and its denoiser
/// goes into samplers. Stable Diffusion 1 and 2, the latter with v-prediction too, from a folder as the Hub lays it out.
/// </summary>
/// <example>
/// <code>
/// using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained("stable-diffusion-2-1");
/// Sampler sampler = pipeline.Sampler(steps: 25, guidanceScale: 7.5);
/// Tensor latent = sampler.Sample(pipeline.DrawStart(seed: 1, 768, 768), pipeline.Condition("a photograph of a horse"));
/// Tensor image = pipeline.Decode(latent);
/// </code>
/// </example>
/// <remarks>
/// <para>
/// Three networks and what belongs to them, each to be used by itself as well: nothing here does what they cannot. Encoding, decoding and
/// sampling are differentiable, and what they make belongs to the caller's dispose scope; so do the negative prompt's states that a
/// guided denoiser and its sampler hold, which are not to be used beyond it.
/// </para>
/// <para>States are those of the caller, 32 bits or more on the way; the networks compute in the dtype that they were loaded in.</para>
/// <para>Owns its networks. As safe for several threads as they are: calls may run side by side, loading and moving may not.</para>
/// </remarks>
public sealed class DiffusionPipeline : IDisposable
{
    // Where a scheduler starts does not depend on the number of its steps.
    private const int AnySteps = 10;
    private readonly ScalarType dtype;

    private DiffusionPipeline(string source, PipelineFolder folder, PipelineNetworks networks, ScalarType dtype)
    {
        (Source, Tokenizer, Scheduler) = (source, folder.Tokenizer, folder.Scheduler);
        (TextEncoder, Codec, Network) = networks;
        this.dtype = dtype;
        Denoiser = Denoiser.FromModule(Network, Scheduler.Prediction, Scheduler.TimeScale, Scheduler.TrainingTimesteps).InDtype(dtype);
    }

    /// <summary>The file or folder that the weights come from.</summary>
    public string Source { get; }

    /// <summary>Makes ids of texts.</summary>
    public ClipTokenizer Tokenizer { get; }

    /// <summary>Makes states of ids.</summary>
    public ClipTextModel TextEncoder { get; }

    /// <summary>Makes latents of images, and images of latents. Its <see cref="AutoencoderKL.TileSize"/> is for large ones.</summary>
    public AutoencoderKL Codec { get; }

    /// <summary>The U-Net, for its options, such as <see cref="UNet2DConditionModel.GradientCheckpointing"/>.</summary>
    public UNet2DConditionModel Network { get; }

    /// <summary>The U-Net as a denoiser without guidance, whose condition is the text's states [batch, 77, width].</summary>
    public Denoiser Denoiser { get; }

    /// <summary>The scheduler that the folder names: the schedule, and the published sampler for any number of steps.</summary>
    public SchedulerConfiguration Scheduler { get; }

    /// <summary>Reads a folder: <c>model_index.json</c> with <c>unet</c>, <c>vae</c>, <c>text_encoder</c>, <c>tokenizer</c> and
    /// <c>scheduler</c>. What else it holds, such as a safety checker, is left alone.</summary>
    /// <remarks>
    /// All small files are read and compared before the first weight. As in diffusers' pipelines the scheduler has
    /// <c>steps_offset</c> 1 and no <c>clip_sample</c>, whatever its file says.
    /// </remarks>
    /// <param name="folder">The folder.</param>
    /// <param name="dtype">What the networks compute in, whatever the files hold. The default value is float32.</param>
    /// <param name="device">Where to put them. The default is the CPU.</param>
    /// <param name="variant">Which of several weights, such as <c>fp16</c>; the word before the extension. Text encoder and autoencoder
    /// have those without a word where there are none of it. The default value is null: those without such a word.</param>
    /// <param name="scheduler">Another scheduler to sample with, such as <c>DPMSolverMultistepScheduler</c>, one of
    /// <see cref="SchedulerConfiguration.SupportedClasses"/>: it takes what it knows of the folder's and its own defaults for the
    /// rest. The default value is null: the folder's.</param>
    /// <param name="weights">A single file in the original layout (<c>.safetensors</c> or <c>.ckpt</c>) to take the weights from; the
    /// folder then needs none. The default value is null: the folder's.</param>
    /// <param name="trainable">Whether the U-Net's parameters take gradients. The default value is false.</param>
    /// <param name="progress">Told after each tensor how many bytes have been read in all.</param>
    /// <param name="cancellationToken">Ends the loading between two tensors.</param>
    /// <returns>The pipeline, its networks in evaluation mode. Dispose it; no dispose scope does.</returns>
    /// <exception cref="FileNotFoundException">A part, one of its files, or weights of the variant are missing; the message names
    /// it.</exception>
    /// <exception cref="NotSupportedException">The folder is of another family, or a part is of another class or asks for what is not
    /// supported; the message names it.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or something else, parameters are missing or unknown, or parts do not
    /// fit together, such as a vocabulary that is larger than the encoder's.</exception>
    /// <exception cref="SchedulerConfigurationException">The scheduler's configuration cannot be read or used.</exception>
    /// <exception cref="InputException"><paramref name="dtype"/> is not a real floating-point dtype, or <paramref name="variant"/> is
    /// given with <paramref name="weights"/>.</exception>
    /// <exception cref="OperationCanceledException">The loading was cancelled.</exception>
    public static DiffusionPipeline FromPretrained(
        string folder,
        ScalarType dtype = ScalarType.Float32,
        Device? device = null,
        string? variant = null,
        string? scheduler = null,
        string? weights = null,
        bool trainable = false,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (dtype is not (ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64))
        {
            throw new InputException(nameof(dtype), dtype.ToString(), "Float16, BFloat16, Float32 or Float64");
        }

        if (weights is not null && variant is not null)
        {
            throw new InputException(nameof(variant), $"\"{variant}\" beside a single file", "left out", "A single file has no variants.");
        }

        PipelineFolder read = PipelineFolder.Read(folder, scheduler);
        return new DiffusionPipeline(
            weights ?? folder,
            read,
            PipelineNetworks.Load(read, weights, variant, device, dtype, trainable, progress, cancellationToken),
            dtype);
    }

    /// <summary>What a text is to the denoiser: its states [1, 77, width], of 32 bits or more.</summary>
    /// <param name="prompt">The text.</param>
    /// <param name="clipSkip">How many of the text encoder's last layers are left out. The default value is 0.</param>
    /// <param name="truncate">Whether a text that is too long is cut, rather than refused. <see cref="ClipTokenizer.Tokenize"/> says what
    /// is lost. The default value is false.</param>
    /// <exception cref="InputException">The text is too long and may not be cut (the message has the words that do not fit), or
    /// <paramref name="clipSkip"/> leaves no layer.</exception>
    public Costate.Condition Condition(string prompt, int clipSkip = 0, bool truncate = false)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return Condition([prompt], clipSkip, truncate);
    }

    /// <summary>The same for a batch, [batch, 77, width]: a text for each item.</summary>
    /// <param name="prompts">The texts.</param>
    /// <param name="clipSkip">As for one text.</param>
    /// <param name="truncate">As for one text.</param>
    /// <exception cref="InputException">There is no text; or as for one text.</exception>
    public Costate.Condition Condition(IReadOnlyList<string> prompts, int clipSkip = 0, bool truncate = false)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
        {
            throw new InputException(nameof(prompts), "no texts", "one for each item of the batch", "The empty text stands for none.");
        }

        int layers = TextEncoder.Config.NumHiddenLayers;
        if (clipSkip < 0 || clipSkip >= layers)
        {
            throw new InputException(nameof(clipSkip), $"{clipSkip}", $"0 to {layers - 1} for a text encoder of {layers} layers");
        }

        using DisposeScope scope = NewDisposeScope();
        long[] ids = [.. prompts.SelectMany(prompt => Tokenizer.Tokenize(prompt, truncate).Ids).Select(id => (long)id)];
        ClipTextOutput output = TextEncoder.call(tensor(ids, [prompts.Count, Tokenizer.Length], device: Weight.device));
        Tensor states = clipSkip == 0 ? output.LastHiddenState : TextEncoder.NormalizeLast(output.HiddenStates[^(clipSkip + 1)]);
        return Costate.Condition.Constant(states.to(Precision.AtLeastSingle(dtype)).MoveToOuterDisposeScope());
    }

    /// <summary>The denoiser under classifier-free guidance, away from a negative prompt: two network evaluations a prediction.</summary>
    /// <remarks>For a negative prompt of each item, or one with a clip skip, use
    /// <see cref="Denoiser.WithClassifierFreeGuidance"/> of <see cref="Denoiser"/> and the values of a condition.</remarks>
    /// <param name="guidanceScale">The scale; 1 is no guidance, and one evaluation.</param>
    /// <param name="negative">What to lead away from, for all items. The default value is the empty text, which the published models were
    /// trained with in place of none.</param>
    /// <param name="truncate">As for <see cref="Condition(string, int, bool)"/>.</param>
    /// <exception cref="InputException">The scale is not finite, or 1 beside a negative prompt; or the prompt is too long.</exception>
    public Denoiser Guided(double guidanceScale, string negative = "", bool truncate = false) =>
        Away(guidanceScale, Unconditional(guidanceScale, negative, truncate));

    /// <summary>A sampler of latents, whose condition is <see cref="Condition(string, int, bool)"/>.</summary>
    /// <param name="steps">The number of steps.</param>
    /// <param name="guidanceScale">As for <see cref="Guided"/>. The default value is 7.5.</param>
    /// <param name="negative">As for <see cref="Guided"/>.</param>
    /// <param name="solver">A solver for the scheduler's times, such as <c>Solver.Rex(ButcherTableau.Euler)</c> to invert with. The default
    /// value is null: the scheduler's own.</param>
    /// <exception cref="InputException">The scheduler has no so many steps; or as for <see cref="Guided"/>.</exception>
    public Sampler Sampler(int steps, double guidanceScale = 7.5, string negative = "", Solver? solver = null)
    {
        ScheduledSampling plan = Scheduler.ForSteps(steps);
        Denoiser guided = Guided(guidanceScale, negative);
        return solver is null ? new Sampler(plan.Clipped(guided), plan.Schedule, plan.Solver, plan.Grid)
            : new Sampler(guided, plan.Schedule, solver, plan.Grid);
    }

    /// <summary>Noise for a sampler to start from, [batch, channels, height / f, width / f], of 32 bits.</summary>
    /// <param name="seed">One seed for the batch, or one for each item.</param>
    /// <param name="height">Height of the picture in pixels, which f = 8 divides (in the published models).</param>
    /// <param name="width">Its width.</param>
    /// <param name="batch">Items. The default value is 1.</param>
    /// <exception cref="InputException">A size is not positive, or f does not divide it.</exception>
    public Tensor DrawStart(NoiseSeeds seed, int height, int width, int batch = 1)
    {
        if (batch < 1)
        {
            throw new InputException(nameof(batch), $"{batch}", "at least 1");
        }

        int factor = Codec.Config.Factor;
        foreach ((string name, int size) in new[] { (nameof(height), height), (nameof(width), width) })
        {
            if (size < 1 || size % factor != 0)
            {
                throw new InputException(name, $"{size}", $"a positive multiple of {factor}");
            }
        }

        Tensor noise = StartNoise.Draw([batch, Codec.Config.LatentChannels, height / factor, width / factor], seed, device: Weight.device);
        return noise.mul_(StartScale);
    }

    /// <summary>Latents of images, in the scale that the denoiser works in: the mean of what the autoencoder makes of them.</summary>
    /// <param name="image">[batch, 3, height, width] with values from -1 to 1, sides that f = 8 divides (in the published models), of any
    /// floating-point dtype.</param>
    /// <returns>[batch, channels, height / f, width / f] in the dtype and on the device of <paramref name="image"/>.</returns>
    /// <exception cref="InputException">The shape does not fit, or the numbers are whole.</exception>
    public Tensor Encode(Tensor image)
    {
        long channels = Codec.Config.InChannels, factor = Codec.Config.Factor;
        Input.Fits(nameof(image), image, [-1, channels, -1, -1], $"[batch, {channels}, height, width]");
        RequireFloating(nameof(image), image, "Bring them to -1 to 1: image.to(ScalarType.Float32) / 127.5 - 1.");
        (long height, long width) = (image.shape[2], image.shape[3]);
        if (height % factor != 0 || width % factor != 0)
        {
            throw new InputException(
                nameof(image), $"a picture of {height} x {width}", $"of sides that {factor} divides", "Crop it, or change its size.");
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor mean = Codec.Encode(image.to(dtype).to(Weight.device)).Mean;
        return Returned(Codec.Normalize(mean.to(Precision.AtLeastSingle(dtype))), image);
    }

    /// <summary>Images of latents, [batch, 3, f height, f width], with values from -1 to 1 but not clamped to them.</summary>
    /// <param name="latent">[batch, channels, height, width] in the scale of the denoiser, of any floating-point dtype.</param>
    /// <returns>The images, in the dtype and on the device of <paramref name="latent"/>.</returns>
    /// <exception cref="InputException">The shape does not fit, or the numbers are whole.</exception>
    public Tensor Decode(Tensor latent)
    {
        long channels = Codec.Config.LatentChannels;
        Input.Fits(nameof(latent), latent, [-1, channels, -1, -1], $"[batch, {channels}, height, width]");
        RequireFloating(nameof(latent), latent, "");
        using DisposeScope scope = NewDisposeScope();
        Tensor scaled = Codec.Denormalize(latent.to(latent.dtype == ScalarType.Float64 ? latent.dtype : Precision.AtLeastSingle(dtype)));
        return Returned(Codec.Decode(scaled.to(dtype).to(Weight.device)), latent);
    }

    /// <summary>The guided denoiser, the schedule and the scheduler's grids as a model, with a fingerprint of the weights.</summary>
    /// <remarks>Its condition is <see cref="Condition(string, int, bool)"/>. It owns this pipeline: dispose one of the two.</remarks>
    /// <param name="guidanceScale">As for <see cref="Guided"/>. The default value is 7.5.</param>
    /// <param name="negative">As for <see cref="Guided"/>.</param>
    /// <exception cref="InputException">As for <see cref="Guided"/>.</exception>
    public Model ToModel(double guidanceScale = 7.5, string negative = "")
    {
        // The negative prompt's states live as long as the model.
        Tensor? unconditional = Unconditional(guidanceScale, negative, truncate: false)?.DetachFromDisposeScope();
        Denoiser guided = Away(guidanceScale, unconditional).WithFingerprint(Network.parameters());
        return new Model(Source, guided, Scheduler.Schedule, unconditional is null ? [this] : [this, unconditional])
        {
            Grid = steps => Scheduler.ForSteps(steps).Grid,
            StartScale = StartScale,
        };
    }

    /// <summary>Disposes the networks.</summary>
    public void Dispose()
    {
        TextEncoder.Dispose();
        Codec.Dispose();
        Network.Dispose();
    }

    private Tensor Weight => Network.parameters().First();

    private double StartScale => Scheduler.ForSteps(Math.Min(AnySteps, Scheduler.TrainingTimesteps ?? AnySteps)).StartScale;

    private Denoiser Away(double guidanceScale, Tensor? unconditional) =>
        unconditional is null ? Denoiser : Denoiser.WithClassifierFreeGuidance(unconditional, guidanceScale);

    // The states of the negative prompt; null where the scale makes it useless.
    private Tensor? Unconditional(double guidanceScale, string negative, bool truncate)
    {
        ArgumentNullException.ThrowIfNull(negative);
        if (!double.IsFinite(guidanceScale) || (guidanceScale == 1 && negative.Length > 0))
        {
            string expected = double.IsFinite(guidanceScale) ? "another number, for a negative prompt to have an effect" : "finite";
            throw new InputException(nameof(guidanceScale), $"{guidanceScale}", expected);
        }

        return guidanceScale == 1 ? null : Condition(negative, truncate: truncate).Values;
    }

    // An alias where nothing changed: the caller's scope gets it, and no argument.
    private static Tensor Returned(Tensor result, Tensor like) =>
        result.to(like.dtype).to(like.device).alias().MoveToOuterDisposeScope();

    private static void RequireFloating(string parameter, Tensor value, string remedy)
    {
        if (!value.is_floating_point())
        {
            throw new InputException(parameter, $"numbers of {value.dtype}", "floating-point numbers", remedy);
        }
    }
}
