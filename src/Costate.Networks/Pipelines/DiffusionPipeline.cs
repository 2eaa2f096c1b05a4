using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// A published latent-diffusion model as it is used: texts become conditions, pictures latents and latents pictures, and its denoiser
/// goes into samplers. Stable Diffusion 1, 2 (with v-prediction too), XL and its refiner, their networks for inpainting, Stable Diffusion 3
/// and 3.5, and FLUX.1, from a folder as the Hub lays it out; the first ones from a single file too.
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
/// Its networks and what belongs to them, each to be used by itself as well: nothing here does what they cannot. Encoding, decoding and
/// sampling are differentiable, and what they make belongs to the caller's dispose scope; so do the negative prompt's states that a
/// guided denoiser and its sampler hold, which are not to be used beyond it.
/// </para>
/// <para>States are those of the caller, 32 bits or more on the way; the networks compute in the dtype that they were loaded in.</para>
/// <para>Owns its networks. As safe for several threads as they are: calls may run side by side, loading and moving may not.</para>
/// </remarks>
public sealed partial class DiffusionPipeline : IDisposable
{
    // What a run starts from and what its samples are does not depend on the number of its steps.
    private const int AnySteps = 10;

    private readonly double startScale;
    private readonly IPipelineTexts texts;
    private readonly PipelineLatents latents;
    private readonly Func<Tensor, Tensor, Costate.Condition?, double, Tensor> call;
    private readonly ScalarType dtype;
    private bool isWithoutEncoders;

    private DiffusionPipeline(string source, PipelineParts parts, PipelineNetworks networks, ScalarType dtype)
    {
        (Source, Scheduler) = (source, parts.Scheduler);
        (Codec, Network) = (networks.Codec, networks.Unet);
        (ClipTokenizer, ClipTextModel)[] encoders = [.. parts.Texts.Select(text => text.Tokenizer).Zip(networks.Texts)];
        (Tokenizer, TextEncoder) = encoders[0];
        (Tokenizer2, TextEncoder2) = encoders.Length > 1 ? encoders[1] : default;
        texts = new PipelineTexts(encoders, parts, dtype);
        ScheduledSampling run = parts.Run;
        latents = new PipelineLatents(Codec, Codec.parameters().First().dtype, run.SampleScale);
        startScale = run.StartScale;
        PictureSize = parts.PictureSize;
        var network = new PipelineNetwork(networks.Unet, Codec.Config.LatentChannels, Codec.Config.Factor, parts.IsToldScore);
        call = (x, t, z, _) => network.Call(x, t, z);
        this.dtype = dtype;
        Denoiser = Told(UsualScale);
    }

    /// <summary>The file or folder that the weights come from.</summary>
    public string Source { get; }

    /// <summary>Makes ids of texts for CLIP; null for families without.</summary>
    public ClipTokenizer? Tokenizer { get; }

    /// <summary>The second tokenizer, of SDXL and SD3; null for others, SDXL's refiner among them.</summary>
    public ClipTokenizer? Tokenizer2 { get; }

    /// <summary>CLIP, which makes states of ids; null for families without, and where it was released.</summary>
    public ClipTextModel? TextEncoder { get; private set; }

    /// <summary>The second text encoder, of SDXL and SD3, which pools the text too; null for others, and where it was released.</summary>
    public ClipTextModel? TextEncoder2 { get; private set; }

    /// <summary>Makes latents of images, and images of latents. Its <see cref="AutoencoderKL.TileSize"/> is for large ones.</summary>
    public AutoencoderKL Codec { get; }

    /// <summary>The network itself: a <see cref="UNet2DConditionModel"/>, <see cref="SD3Transformer2DModel"/> or
    /// <see cref="FluxTransformer2DModel"/>.</summary>
    public nn.Module Network { get; }

    /// <summary>
    /// The network as a denoiser without guidance; FLUX.1-dev is told a scale of 3.5. Its condition is a bundle of <c>text</c>, the states
    /// [batch, tokens, width]; for SDXL, SD3 and Flux <c>pooled</c> [batch, width]; for SDXL, where it is not to be told the sizes of the
    /// picture itself, <c>time_ids</c> [batch, 6]; for SDXL's refiner <c>score</c> [batch, 1], how beautiful it is to be; for inpainting
    /// <c>mask</c> and <c>masked</c>.
    /// </summary>
    public Denoiser Denoiser { get; }

    /// <summary>The scheduler of the model: the schedule, and the published sampler for any number of steps.</summary>
    public SchedulerConfiguration Scheduler { get; }

    /// <summary>Of the pictures that the U-Net was trained on, in pixels; where its configuration does not say it, of those of the
    /// autoencoder.</summary>
    public (int Height, int Width) PictureSize { get; }

    /// <summary>The denoiser under classifier-free guidance, away from a negative prompt: one evaluation of a doubled batch.</summary>
    /// <remarks>For a negative prompt of each item, or one with a clip skip, use
    /// <see cref="Denoiser.WithClassifierFreeGuidance"/> of <see cref="Denoiser"/> and the values of a condition.</remarks>
    /// <param name="guidanceScale">The scale; 1 is no guidance, and one evaluation. FLUX.1-dev is told it, and is evaluated once whatever
    /// it
    /// is; FLUX.1-schnell was distilled and has none but 1.</param>
    /// <param name="negative">What to lead away from, for all items. The default value is null: what the published models were trained with
    /// in place of a text, which is the empty text, or zeros where the model says so, as SDXL does.</param>
    /// <param name="truncate">As for <see cref="Condition(string, int, bool, PictureSizes?)"/>.</param>
    /// <exception cref="InputException">The scale is not finite, or 1 beside a negative prompt; the prompt is too long; or the network was
    /// distilled with guidance, and takes no negative prompt, or no scale.</exception>
    public Denoiser Guided(double guidanceScale, string? negative = null, bool truncate = false) =>
        Away(guidanceScale, Unconditional(guidanceScale, negative, truncate), size: null);

    /// <summary>A sampler of latents, whose condition is <see cref="Condition(string, int, bool, PictureSizes?)"/>.</summary>
    /// <param name="steps">The number of steps.</param>
    /// <param name="guidanceScale">As for <see cref="Guided"/>. The default value is null: <see cref="UsualScale"/>.</param>
    /// <param name="negative">As for <see cref="Guided"/>.</param>
    /// <param name="solver">A solver for the scheduler's times, such as <c>Solver.Rex(ButcherTableau.Midpoint)</c> to invert with; a
    /// reversible one takes steps that are equal in the log-SNR (<see cref="TimeGrid.InEqualLogSnr"/>) between the scheduler's first and
    /// last. The default value is null: the scheduler's own.</param>
    /// <param name="strength">For a picture to be changed: the part of the steps that is taken, in (0, 1], the last ones; it starts from
    /// <see cref="Noised"/>. The default value is 1.</param>
    /// <param name="size">Height and width of the picture in pixels, for which the steps are planned: latents of another are refused. The
    /// default value is null: <see cref="PictureSize"/> where the steps depend on the size, as those of FLUX.1-dev do, and any size
    /// elsewhere.</param>
    /// <exception cref="InputException">The size does not fit the network; the scheduler has no so many steps, or none is left; or as for
    /// <see cref="Guided"/>.</exception>
    public Sampler Sampler(
        int steps,
        double? guidanceScale = null,
        string? negative = null,
        Solver? solver = null,
        double strength = 1,
        (int Height, int Width)? size = null)
    {
        (int Height, int Width)? planned = Planned(size);
        ScheduledSampling plan = Plan(steps, planned);
        if (!(strength is > 0 and <= 1 && Math.Floor(steps * strength) >= 1))
        {
            throw new InputException(nameof(strength), $"{strength}", $"in (0, 1], and at least 1/{steps} for a step to be left");
        }

        plan = plan.After(Math.Min(steps - (int)Math.Floor(steps * strength), plan.Grid.Steps - 1));
        double scale = guidanceScale ?? UsualScale;
        Denoiser guided = Away(scale, Unconditional(scale, negative, truncate: false), planned);
        return solver is null ? new Sampler(plan.Clipped(guided), plan.Schedule, plan.Solver, plan.Grid)
            : new Sampler(guided, plan.Schedule, solver, plan.GridFor(solver));
    }

    /// <summary>A latent under the noise that a sampler starts from, for a picture to be changed.</summary>
    /// <param name="latent">The latent, of <see cref="Encode"/>.</param>
    /// <param name="seed">One seed for the batch, or one for each item.</param>
    /// <param name="sampler">The sampler, of <see cref="Sampler"/> with a strength.</param>
    public Tensor Noised(Tensor latent, NoiseSeeds seed, Sampler sampler)
    {
        ArgumentNullException.ThrowIfNull(latent);
        ArgumentNullException.ThrowIfNull(sampler);
        using DisposeScope scope = NewDisposeScope();
        (double alpha, double sigma) = (Scheduler.Schedule.Alpha(sampler.Grid.Start), Scheduler.Schedule.Sigma(sampler.Grid.Start));
        Tensor noise = StartNoise.Draw(latent.shape, seed, latent.dtype, latent.device);
        return (latent * alpha).add_(noise.mul_(sigma)).MoveToOuterDisposeScope();
    }

    /// <summary>Noise for a sampler to start from, [batch, channels, height / f, width / f], of 32 bits.</summary>
    /// <param name="seed">One seed for the batch, or one for each item.</param>
    /// <param name="height">Height of the picture in pixels, which f = 8 divides (in the published models), and 16 that of SD3 and
    /// FLUX.</param>
    /// <param name="width">Its width.</param>
    /// <param name="batch">Items. The default value is 1.</param>
    /// <exception cref="InputException">A size is not positive, or f does not divide it.</exception>
    public Tensor DrawStart(NoiseSeeds seed, int height, int width, int batch = 1)
    {
        if (batch < 1)
        {
            throw new InputException(nameof(batch), $"{batch}", "at least 1");
        }

        int factor = Codec.Config.Factor, multiple = family?.Multiple ?? factor;
        foreach ((string name, int size) in new[] { (nameof(height), height), (nameof(width), width) })
        {
            if (size < 1 || size % multiple != 0)
            {
                throw new InputException(name, $"{size}", $"a positive multiple of {multiple}");
            }
        }

        Tensor noise = StartNoise.Draw([batch, Codec.Config.LatentChannels, height / factor, width / factor], seed, device: Weight.device);
        return noise.mul_(startScale);
    }

    /// <summary>Latents of images, in the scale that the denoiser works in: the mean of what the autoencoder makes of them.</summary>
    /// <param name="image">[batch, 3, height, width] with values from -1 to 1, sides that f = 8 divides (in the published models), of any
    /// floating-point dtype.</param>
    /// <returns>[batch, channels, height / f, width / f] in the dtype and on the device of <paramref name="image"/>.</returns>
    /// <exception cref="InputException">The shape does not fit, or the numbers are whole.</exception>
    /// <exception cref="InvalidOperationException">The autoencoder computes in float16 and exceeds its range.</exception>
    public Tensor Encode(Tensor image) => latents.Encode(image);

    /// <summary>Images of latents, [batch, 3, f height, f width], with values from -1 to 1 but not clamped to them.</summary>
    /// <param name="latent">[batch, channels, height, width] in the scale of the denoiser, of any floating-point dtype.</param>
    /// <returns>The images, in the dtype and on the device of <paramref name="latent"/>.</returns>
    /// <exception cref="InputException">The shape does not fit, or the numbers are whole.</exception>
    /// <exception cref="InvalidOperationException">The autoencoder computes in float16 and exceeds its range.</exception>
    public Tensor Decode(Tensor latent) => latents.Decode(latent);

    /// <summary>The guided denoiser, the schedule and the scheduler's grids as a model, with a fingerprint of the weights.</summary>
    /// <remarks>Its condition is <see cref="Condition(string, int, bool, PictureSizes?)"/>. It owns this pipeline: dispose one of the
    /// two.</remarks>
    /// <param name="guidanceScale">As for <see cref="Guided"/>. The default value is null: <see cref="UsualScale"/>.</param>
    /// <param name="negative">As for <see cref="Guided"/>.</param>
    /// <param name="truncate">As for <see cref="Condition(string, int, bool, PictureSizes?)"/>, of the negative prompt.</param>
    /// <param name="size">As for <see cref="Sampler"/>.</param>
    /// <exception cref="InputException">As for <see cref="Guided"/>; or the size does not fit the network.</exception>
    public Model ToModel(
        double? guidanceScale = null, string? negative = null, bool truncate = false, (int Height, int Width)? size = null)
    {
        // The negative prompt's states live as long as the model.
        double scale = guidanceScale ?? UsualScale;
        (int Height, int Width)? planned = Planned(size);
        Costate.Condition? unconditional = Unconditional(scale, negative, truncate);
        Tensor[] states = [.. unconditional?.Names.Select(name => unconditional[name].DetachFromDisposeScope()) ?? []];
        Denoiser guided = Away(scale, unconditional, planned).WithFingerprint(Network.parameters());
        return new Model(Source, guided, Scheduler.Schedule, [this, .. states])
        {
            Grid = steps => Plan(steps, planned).Grid,
            StartScale = startScale,
            Device = Weight.device,
            ToLatents = Encode,
            ToPictures = Decode,
        };
    }

    /// <summary>Disposes the networks.</summary>
    public void Dispose()
    {
        ReleaseTextEncoders();
        Codec.Dispose();
        Network.Dispose();
    }

    private Tensor Weight => Network.parameters().First();

    private Denoiser Away(double guidanceScale, Costate.Condition? unconditional, (int Height, int Width)? size)
    {
        double scale = Guidance == GuidanceKind.ClassifierFree ? UsualScale : guidanceScale;
        Denoiser told = scale == UsualScale && size is null ? Denoiser : Told(scale, size);
        return unconditional is null ? told : told.WithClassifierFreeGuidance(unconditional, guidanceScale);
    }
}
