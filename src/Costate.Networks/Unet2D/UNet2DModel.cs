using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The unconditional or class-conditional U-Net of DDPM (Ho et al. 2020) and its successors, in the layout and with the
/// parameter names of diffusers' <c>UNet2DModel</c>.
/// </summary>
/// <remarks>
/// <para>
/// Input x [batch, channels, height, width] in the dtype and on the device of the parameters, height and width multiples of
/// <c>2^(levels - 1)</c>; time [batch], a training step such as 0..999 (or the noise level, for <c>fourier</c> networks); the
/// output has the shape of x but the configuration's output channels. It is differentiable in x, in the parameters, in time
/// and in embeddings given as labels.
/// </para>
/// <para>A call changes no state, so calls may run side by side; loading or moving the network during a call may not.</para>
/// </remarks>
public sealed class UNet2DModel : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Conv2d convIn;
    private readonly FourierFeatures? fourier;
    private readonly TimestepEmbedding timeEmbedding;
    private readonly EmbeddingTable? classTable;
    private readonly TimestepEmbedding? classTimes;
    private readonly Activation activation;
    private readonly ModuleList<DownBlock2D> downBlocks;
    private readonly MidBlock2D? midBlock;
    private readonly ModuleList<UpBlock2D> upBlocks;
    private readonly GroupNorm normOut;
    private readonly Conv2d convOut;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public UNet2DModel(UNet2DConfig config)
        : this(config, new Execution())
    {
    }

    private UNet2DModel(UNet2DConfig config, Execution execution)
        : base(nameof(UNet2DModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        TorchLibraries.Require();
        Config = config;

        // Takes what the making of a network leaves over; a convolution of TorchSharp's leaves a tensor.
        using DisposeScope scope = NewDisposeScope();
        activation = Activation.Named(config.ActFn);
        var options = new ResnetOptions(
            execution,
            config.TimeChannels,
            config.NormNumGroups,
            config.NormEps,
            config.ResnetTimeScaleShift == "scale_shift",
            activation,
            config.Dropout);

        int first = config.BlockOutChannels[0];
        Device? device = execution.Device;
        register_module("conv_in", convIn = nn.Conv2d(config.InChannels, first, 3, padding: 1, device: device));
        bool isFourier = config.TimeEmbeddingType == "fourier";
        if (isFourier)
        {
            register_module("time_proj", fourier = new FourierFeatures(first));
        }

        int features = isFourier ? 2 * first : first;
        register_module("time_embedding", timeEmbedding = new TimestepEmbedding(features, config.TimeChannels, device));
        if (config.ClassEmbedType == "timestep")
        {
            register_module("class_embedding", classTimes = new TimestepEmbedding(features, config.TimeChannels, device));
        }
        else if (config.ClassEmbedType is null && config.NumClassEmbeds is { } classes)
        {
            register_module("class_embedding", classTable = new EmbeddingTable(classes, config.TimeChannels, device));
        }

        IReadOnlyList<int> channels = config.BlockOutChannels;
        int levels = channels.Count;
        Attention2D Attention(int width, int? groups, double outputScale = 1) =>
            new(options.Execution, width, config.AttentionHeadDim, groups, config.NormEps, outputScale);
        DownBlock2D Down(int level) => new(
            channels[Math.Max(level - 1, 0)],
            channels[level],
            config.LayersPerBlock,
            options,
            config.DownBlockTypes[level] == "AttnDownBlock2D" ? () => Attention(channels[level], config.NormNumGroups) : null,
            level < levels - 1 ? config.DownsamplePadding : null);
        register_module("down_blocks", downBlocks = nn.ModuleList([.. Enumerable.Range(0, levels).Select(Down)]));

        Stack<int> kept = DownBlock2D.KeptChannels(channels, [.. Enumerable.Repeat(config.LayersPerBlock, levels)]);
        UpBlock2D Up(int index) => new(
            channels[Math.Min(levels - index, levels - 1)],
            channels[levels - 1 - index],
            config.LayersPerBlock + 1,
            options,
            kept,
            config.UpBlockTypes[index] == "AttnUpBlock2D" ? () => Attention(channels[levels - 1 - index], config.NormNumGroups) : null,
            upsamples: index < levels - 1);
        register_module("up_blocks", upBlocks = nn.ModuleList([.. Enumerable.Range(0, levels).Select(Up)]));
        if (config.MidBlockType is not null)
        {
            int? groups = config.AttnNormNumGroups ?? (options.ScaleShift ? null : config.NormNumGroups);
            register_module("mid_block", midBlock = new MidBlock2D(
                channels[^1],
                options with { OutputScale = config.MidBlockScaleFactor },
                config.AddAttention ? () => Attention(channels[^1], groups, config.MidBlockScaleFactor) : null));
        }

        register_module("conv_norm_out", normOut = Normalization.Groups(config.NormNumGroups, first, config.NormEps, device));
        register_module("conv_out", convOut = nn.Conv2d(first, config.OutChannels, 3, padding: 1, device: device));
        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public UNet2DConfig Config { get; }

    /// <summary>
    /// A trained network from a folder as the Hub lays it out: <c>config.json</c> and weights, such as
    /// <c>diffusion_pytorch_model.safetensors</c> or <c>.bin</c>, in one file or in shards (<see cref="WeightSource"/>).
    /// </summary>
    /// <param name="folder">The folder.</param>
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
    public static UNet2DModel FromPretrained(
        string folder,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        string? variant = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return PretrainedNetwork.Load(
            new UNet2DModel(UNet2DConfig.Read(Path.Combine(folder, "config.json")), new Execution(META)),
            folder,
            Attention2D.CurrentName,
            device,
            dtype,
            trainable,
            progress,
            cancellationToken,
            variant);
    }

    /// <summary>The prediction [batch, out, height, width] of a network without classes.</summary>
    /// <param name="x">The noisy sample, [batch, in, height, width].</param>
    /// <param name="t">The time, [batch].</param>
    /// <exception cref="ArgumentException">A shape, dtype or device does not fit, or the network needs class labels.</exception>
    public override Tensor forward(Tensor x, Tensor t) => forward(x, t, null);

    /// <summary>The prediction [batch, out, height, width].</summary>
    /// <param name="x">The noisy sample, [batch, in, height, width].</param>
    /// <param name="t">The time, [batch].</param>
    /// <param name="labels">Class numbers [batch], of any dtype; embeddings [batch, width] where <see cref="UNet2DConfig.ClassEmbedType"/>
    /// is <c>identity</c>; null for a network without classes.</param>
    /// <exception cref="ArgumentException">A shape, dtype or device does not fit, or labels are missing or not expected.</exception>
    public Tensor forward(Tensor x, Tensor t, Tensor? labels)
    {
        CheckInputs(x, t, labels);
        using DisposeScope scope = NewDisposeScope();
        Tensor time = activation.Apply(Embedded(t, labels));
        var kept = new Stack<Tensor>();
        kept.Push(convIn.Apply(Config.CenterInputSample ? (x * 2).sub_(1) : x));
        foreach (DownBlock2D block in downBlocks)
        {
            block.Forward(kept, time);
        }

        // The last kept state is used twice: the way up begins with another handle of it, to be disposed apart.
        Tensor hidden = midBlock?.Forward(kept.Peek(), time) ?? kept.Peek().alias();
        foreach (UpBlock2D block in upBlocks)
        {
            hidden = block.Forward(hidden, kept, time);
        }

        Tensor output = convOut.Apply(Activation.Silu.Apply(normOut.call(hidden)));
        return (fourier is null ? output : output / t.to(output.dtype).reshape(-1, 1, 1, 1)).MoveToOuterDisposeScope();
    }

    /// <summary>The network as a denoiser, whose condition is the class labels where it has classes.</summary>
    /// <param name="prediction">What it predicts; null for noise. The default value is null.</param>
    /// <param name="trainingTimesteps">The steps of the schedule that it was trained with. The default value is 1000.</param>
    public Denoiser ToDenoiser(Prediction? prediction = null, int trainingTimesteps = 1000) =>
        Denoiser.FromFunction(
            forward,
            prediction ?? Prediction.Noise,
            trainingTimesteps: trainingTimesteps,
            parameters: parameters().Where(p => p.requires_grad));

    /// <summary>Does nothing: parts are registered under the names of the layout, and under no others.</summary>
    protected override void RegisterComponents()
    {
    }

    private Tensor Embedded(Tensor t, Tensor? labels)
    {
        Tensor embedded = timeEmbedding.Forward(Features(t));
        if (labels is null)
        {
            return embedded;
        }

        return embedded.add_(
            classTable is not null ? classTable.Forward(labels.to(ScalarType.Int64))
            : classTimes is not null ? classTimes.Forward(Features(labels))
            : labels.to(embedded.dtype));
    }

    private Tensor Features(Tensor t) =>
        fourier?.Forward(t) ?? TimestepFeatures.Of(t, Config.BlockOutChannels[0], Config.FlipSinToCos, Config.FreqShift);

    private void CheckInputs(Tensor x, Tensor t, Tensor? labels)
    {
        Input.Image(x, Config.InChannels, 1L << (Config.BlockOutChannels.Count - 1), convIn.weight);
        Input.Times(t, x);
        if (labels is null != !Config.HasClasses)
        {
            throw new ArgumentException(
                labels is null
                    ? "Got no class labels; the network is class-conditional. Pass them, [batch] (as the condition z, "
                        + "with a denoiser from ToDenoiser)."
                    : "Got class labels; the network has no classes. Pass null.",
                nameof(labels));
        }

        if (labels is not null)
        {
            Input.Shape(nameof(labels), labels, Config.ClassEmbedType == "identity" ? [x.shape[0], Config.TimeChannels] : [x.shape[0]]);
        }
    }
}
