using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The autoencoder of latent diffusion (Rombach et al. 2022): that of Stable Diffusion 1 to 3, SDXL and Flux, in the layout and with the
/// parameter names of diffusers' <c>AutoencoderKL</c>, today's and earlier ones.
/// </summary>
/// <remarks>
/// <para>
/// Images [batch, channels, height, width] with values from -1 to 1, latents [batch, latent channels, height / f, width / f] with
/// f = 2^(levels - 1), both in the dtype and on the device of the parameters. Encoding and decoding are differentiable in what they are
/// given and in the parameters. <see cref="Encode"/> and <see cref="Decode"/> know nothing of the scale that diffusion works in:
/// <see cref="Normalize"/> and <see cref="Denormalize"/> are the way there and back.
/// </para>
/// <para>A call changes no state, so calls may run side by side; loading, moving or setting properties during a call may not.</para>
/// </remarks>
public sealed class AutoencoderKL : nn.Module
{
    private readonly Execution execution;
    private readonly Codec encoder;
    private readonly Codec decoder;
    private readonly Conv2d? afterEncoder;
    private readonly Conv2d? beforeDecoder;
    private int? tileSize;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public AutoencoderKL(AutoencoderKLConfig config)
        : this(config, new Execution())
    {
    }

    private AutoencoderKL(AutoencoderKLConfig config, Execution execution)
        : base(nameof(AutoencoderKL))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        TorchLibraries.Require();
        Config = config;
        this.execution = execution;

        // Takes what the making of a network leaves over; a convolution of TorchSharp's leaves a tensor.
        using DisposeScope scope = NewDisposeScope();
        int latents = config.LatentChannels;
        register_module("encoder", encoder = Codec.Encoder(config, execution));
        register_module("decoder", decoder = Codec.Decoder(config, execution));
        if (config.UseQuantConv)
        {
            register_module("quant_conv", afterEncoder = nn.Conv2d(2 * latents, 2 * latents, 1, device: execution.Device));
        }

        if (config.UsePostQuantConv)
        {
            register_module("post_quant_conv", beforeDecoder = nn.Conv2d(latents, latents, 1, device: execution.Device));
        }

        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public AutoencoderKLConfig Config { get; }

    /// <summary>How it computes attention. The default value is <see cref="AttentionKind.Fused"/>.</summary>
    /// <value><see cref="AttentionKind.Products"/> for second derivatives.</value>
    public AttentionKind Attention
    {
        get => execution.Attention;
        set => execution.Attention = value;
    }

    /// <inheritdoc cref="UNet2DConditionModel.GradientCheckpointing"/>
    /// <remarks>
    /// Gradients are the same numbers, for a second evaluation and a small part of the memory; with <see cref="TileSize"/> for a third
    /// evaluation and the memory of a single tile. They cannot be differentiated again: such a backward pass fails, and
    /// <see cref="BackwardError"/> says so.
    /// </remarks>
    public bool GradientCheckpointing
    {
        get => execution.Recomputes;
        set => execution.Recomputes = value;
    }

    /// <inheritdoc cref="UNet2DConditionModel.BackwardError"/>
    public Exception? BackwardError => execution.BackwardError;

    /// <summary>
    /// Side of the tiles, in pixels of the image, that larger images are encoded and decoded by; null for none. The default value is null.
    /// </summary>
    /// <value>A multiple of 4 f, f pixels of the image being one of the latents along a side, such as 512.</value>
    /// <remarks>
    /// Tiles overlap by a quarter and are blended linearly, as in diffusers. Each is normalised and attends by itself, so that the result
    /// differs from that without tiles, in colours for the most part; gradients are those of the result with tiles. Memory without a graph
    /// is that of one tile; with one, of all, unless <see cref="GradientCheckpointing"/> is on.
    /// </remarks>
    /// <exception cref="InputException">It is not such a multiple.</exception>
    public int? TileSize
    {
        get => tileSize;
        set => tileSize = value is null || (value > 0 && value % (4 * Config.Factor) == 0)
            ? value
            : throw new InputException("tileSize", $"{value}", $"a positive multiple of {4 * Config.Factor}, or null");
    }

    /// <summary>
    /// A trained network from a folder as the Hub lays it out: <c>config.json</c> and weights, such as
    /// <c>diffusion_pytorch_model.safetensors</c> (<see cref="WeightSource"/>).
    /// </summary>
    /// <param name="folder">The folder, such as <c>vae</c>.</param>
    /// <param name="device">Where to put it. The default is the CPU.</param>
    /// <param name="dtype">The parameters' dtype, whatever the file's. The default value is float32.</param>
    /// <param name="trainable">Whether the parameters take gradients. The default value is false, which lets gradients with respect to
    /// inputs keep far less in memory.</param>
    /// <param name="variant">Which of several weights, such as <c>fp16</c>; the word before the extension. The default value is null:
    /// those without such a word.</param>
    /// <param name="progress">Told after each tensor how many bytes have been read.</param>
    /// <param name="cancellationToken">Ends the loading between two tensors.</param>
    /// <returns>The network in evaluation mode. Dispose it; no dispose scope does.</returns>
    /// <exception cref="FileNotFoundException">There is no <c>config.json</c>, or there are no weights of that variant.</exception>
    /// <exception cref="InvalidDataException">The configuration is malformed, the file of weights is something else or damaged, or
    /// parameters are missing, unknown or of another shape; the message lists them.</exception>
    /// <exception cref="ArgumentException">Sizes in the configuration do not fit together.</exception>
    /// <exception cref="NotSupportedException">The configuration asks for what is not supported; the message names it.</exception>
    /// <exception cref="SafetensorsException">A safetensors file of weights is damaged.</exception>
    /// <exception cref="OperationCanceledException">The loading was cancelled.</exception>
    public static AutoencoderKL FromPretrained(
        string folder,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        string? variant = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        AutoencoderKLConfig config = AutoencoderKLConfig.Read(Path.Combine(folder, "config.json"));
        using WeightSource weights = WeightSource.Open(folder, variant);
        return Load(config, weights, device, dtype, trainable, progress, cancellationToken);
    }

    /// <summary>The distribution of the latents of images.</summary>
    /// <param name="image">[batch, channels, height, width] with values from -1 to 1, sides at least f; what f does not divide is cut. With
    /// tiles, sides are multiples of f.</param>
    /// <exception cref="InputException">A shape, dtype or device does not fit.</exception>
    public LatentDistribution Encode(Tensor image)
    {
        long channels = Config.InChannels, factor = Config.Factor;
        Input.Fits(nameof(image), image, [-1, channels, -1, -1], $"[batch, {channels}, height, width]", Weight);
        Tiling? tiling = tileSize is { } side ? new Tiling(side, side / Config.Factor) : null;
        bool splits = tiling?.Splits(image) ?? false;
        (long height, long width) = (image.shape[2], image.shape[3]);
        if (height < factor || width < factor || (splits && (height % factor != 0 || width % factor != 0)))
        {
            string expected = splits ? $"of sides that {factor} divides" : $"at least {factor} x {factor}";
            throw new InputException(nameof(image), $"a picture of {height} x {width}", expected);
        }

        using DisposeScope scope = NewDisposeScope();
        return LatentDistribution.Of(splits ? tiling!.Map(image, tile => PartOf(tile, Encoded)) : Encoded(image)).MoveToOuterDisposeScope();
    }

    /// <summary>Images of latents, [batch, channels, f height, f width], not clamped.</summary>
    /// <param name="latents">[batch, latent channels, height, width].</param>
    /// <exception cref="InputException">A shape, dtype or device does not fit.</exception>
    public Tensor Decode(Tensor latents)
    {
        long channels = Config.LatentChannels;
        Input.Fits(nameof(latents), latents, [-1, channels, -1, -1], $"[batch, {channels}, height, width]", Weight);
        Tiling? tiling = tileSize is { } side ? new Tiling(side / Config.Factor, side) : null;
        return tiling?.Splits(latents) ?? false ? tiling.Map(latents, tile => PartOf(tile, Decoded)) : Decoded(latents);
    }

    /// <summary>Latents in the scale that diffusion works in: <c>(x - shift) scale</c>, or by mean and deviation of each channel.</summary>
    /// <param name="latents">Latents as <see cref="Encode"/> gives them, [batch, latent channels, height, width].</param>
    public Tensor Normalize(Tensor latents)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor shift, Tensor scale) = Scale(latents);
        return ((latents - shift) * scale).MoveToOuterDisposeScope();
    }

    /// <summary>The inverse of <see cref="Normalize"/>: latents as <see cref="Decode"/> takes them.</summary>
    /// <param name="latents">[batch, latent channels, height, width].</param>
    public Tensor Denormalize(Tensor latents)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor shift, Tensor scale) = Scale(latents);
        return ((latents / scale) + shift).MoveToOuterDisposeScope();
    }

    /// <summary>A trained network from weights that are open; otherwise as <see cref="FromPretrained"/>.</summary>
    internal static AutoencoderKL Load(
        AutoencoderKLConfig config,
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken) => PretrainedNetwork.Load(
            new AutoencoderKL(config, new Execution(META)),
            weights,
            Attention2D.CurrentName,
            device,
            dtype,
            trainable,
            progress,
            cancellationToken);

    /// <summary>Does nothing: parts are registered under the names of the layout, and under no others.</summary>
    protected override void RegisterComponents()
    {
    }

    private Tensor Weight => parameters().First();

    private (Tensor Shift, Tensor Scale) Scale(Tensor latents)
    {
        long channels = Config.LatentChannels;
        Input.Fits(nameof(latents), latents, [-1, channels, -1, -1], $"[batch, {channels}, height, width]");
        IEnumerable<double> shifts = Config.LatentsMean ?? Enumerable.Repeat(Config.ShiftFactor, Config.LatentChannels);
        IEnumerable<double> deviations = Config.LatentsStd ?? Enumerable.Repeat(1.0, Config.LatentChannels);
        return (Row(shifts), Row(deviations.Select(deviation => Config.ScalingFactor / deviation)));

        Tensor Row(IEnumerable<double> values) => tensor([.. values], device: latents.device).reshape(1, -1, 1, 1).to(latents.dtype);
    }

    // Recomputed as a whole, so that a graph of all tiles holds no more than the tiles.
    private Tensor PartOf(Tensor tile, Func<Tensor, Tensor> map) =>
        Recomputation.Of(execution, this, inputs => map(inputs[0]!), tile);

    private Tensor Encoded(Tensor image)
    {
        Tensor moments = encoder.Forward(image);
        if (afterEncoder is null)
        {
            return moments;
        }

        using (moments)
        {
            return afterEncoder.Apply(moments);
        }
    }

    private Tensor Decoded(Tensor latents)
    {
        if (beforeDecoder is null)
        {
            return decoder.Forward(latents);
        }

        using Tensor mixed = beforeDecoder.Apply(latents);
        return decoder.Forward(mixed);
    }
}
