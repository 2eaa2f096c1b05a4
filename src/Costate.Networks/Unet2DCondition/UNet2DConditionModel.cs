using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The text-conditional U-Net of latent diffusion (Rombach et al. 2022): Stable Diffusion 1 and 2, their inpainting networks, SDXL and its
/// refiner, in the layout and with the parameter names of diffusers' <c>UNet2DConditionModel</c>.
/// </summary>
/// <remarks>
/// <para>
/// Sample [batch, channels, height, width] of any height and width, in the dtype and on the device of the parameters; timestep [batch], a
/// training step such as 0..999; the text's states [batch, tokens, width]. The output has the shape of the sample but the configuration's
/// output channels. It is differentiable in all of them and in the parameters. An item's output does not depend on its batch.
/// </para>
/// <para>A call changes no state, so calls may run side by side; loading, moving or setting properties during a call may not.</para>
/// </remarks>
public sealed class UNet2DConditionModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IRecomputing
{
    private readonly Execution execution;
    private readonly Activation activation;
    private readonly Conv2d convIn;
    private readonly TimestepEmbedding timeEmbedding;
    private readonly AdditionEmbedding? addition;
    private readonly ModuleList<DownBlock2D> downBlocks;
    private readonly MidBlock2D? midBlock;
    private readonly ModuleList<UpBlock2D> upBlocks;
    private readonly GroupNorm normOut;
    private readonly Conv2d convOut;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public UNet2DConditionModel(UNet2DConditionConfig config)
        : this(config, new Execution())
    {
    }

    private UNet2DConditionModel(UNet2DConditionConfig config, Execution execution)
        : base(nameof(UNet2DConditionModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        TorchLibraries.Require();
        Config = config;
        this.execution = execution;
        Device? device = execution.Device;

        // Takes what the making of a network leaves over; a convolution of TorchSharp's leaves a tensor.
        using DisposeScope scope = NewDisposeScope();
        activation = Activation.Named(config.ActFn);
        var parts = new UNet2DConditionParts(config, execution, activation);
        int first = config.BlockOutChannels[0];
        register_module("conv_in", convIn = nn.Conv2d(config.InChannels, first, 3, padding: 1, device: device));
        register_module("time_embedding", timeEmbedding = new TimestepEmbedding(first, config.TimeChannels, device));
        if (config.HasAddedConditions)
        {
            var embedding = new TimestepEmbedding(config.ProjectionClassEmbeddingsInputDim!.Value, config.TimeChannels, device);
            register_module("add_embedding", embedding);
            addition = new AdditionEmbedding(config, embedding);
        }

        register_module("down_blocks", downBlocks = nn.ModuleList([.. parts.DownBlocks()]));
        register_module("up_blocks", upBlocks = nn.ModuleList([.. parts.UpBlocks()]));
        if (config.MidBlockType is not null)
        {
            register_module("mid_block", midBlock = parts.MidBlock());
        }

        register_module("conv_norm_out", normOut = Normalization.Groups(config.NormNumGroups, first, config.NormEps, device));
        register_module("conv_out", convOut = nn.Conv2d(first, config.OutChannels, 3, padding: 1, device: device));
        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public UNet2DConditionConfig Config { get; }

    /// <summary>How it computes attention. The default value is <see cref="AttentionKind.Fused"/>.</summary>
    /// <value><see cref="AttentionKind.Products"/> for second derivatives.</value>
    public AttentionKind Attention
    {
        get => execution.Attention;
        set => execution.Attention = value;
    }

    /// <summary>
    /// Whether a call with a graph keeps the inputs of residual and transformer blocks alone, and computes each block again in the backward
    /// pass. The default value is false.
    /// </summary>
    /// <remarks>
    /// Gradients are the same numbers, for a second evaluation and a small part of the memory. They cannot be differentiated again:
    /// such a backward pass fails, and <see cref="BackwardError"/> says so.
    /// </remarks>
    public bool GradientCheckpointing
    {
        get => execution.Recomputes;
        set => execution.Recomputes = value;
    }

    /// <summary>
    /// Why the last backward pass with <see cref="GradientCheckpointing"/> failed, where torch reports an invalid gradient; null where it
    /// did not fail.
    /// </summary>
    public Exception? BackwardError => execution.BackwardError;

    /// <summary>
    /// A trained network from a folder as the Hub lays it out: <c>config.json</c> and weights, such as
    /// <c>diffusion_pytorch_model.safetensors</c> (<see cref="WeightSource"/>).
    /// </summary>
    /// <param name="folder">The folder, such as <c>unet</c>.</param>
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
    public static UNet2DConditionModel FromPretrained(
        string folder,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        string? variant = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        UNet2DConditionConfig config = UNet2DConditionConfig.Read(Path.Combine(folder, "config.json"));
        using WeightSource weights = WeightSource.Open(folder, variant);
        return Load(config, weights, device, dtype, trainable, progress, cancellationToken);
    }

    /// <summary>The prediction [batch, out, height, width] of a network without added conditions.</summary>
    /// <param name="sample">The noisy sample, [batch, in, height, width].</param>
    /// <param name="timestep">The training step, [batch].</param>
    /// <param name="encoderHiddenStates">The text's states, [batch, tokens, width].</param>
    /// <exception cref="InputException">A shape, dtype or device does not fit, or the network needs added conditions.</exception>
    public override Tensor forward(Tensor sample, Tensor timestep, Tensor encoderHiddenStates) =>
        forward(sample, timestep, encoderHiddenStates, null, null);

    /// <summary>The prediction [batch, out, height, width].</summary>
    /// <param name="sample">The noisy sample, [batch, in, height, width].</param>
    /// <param name="timestep">The training step, [batch].</param>
    /// <param name="encoderHiddenStates">The text's states, [batch, tokens, width].</param>
    /// <param name="textEmbeds">The pooled text, [batch, width], for a network with
    /// <see cref="UNet2DConditionConfig.AdditionEmbedType"/> <c>text_time</c>; null for others.</param>
    /// <param name="timeIds">What such a network is told of the picture, [batch, count], of any dtype: original height and width, top and
    /// left of the crop, and height and width wanted (the refiner: a score in place of the last two).</param>
    /// <exception cref="InputException">A shape, dtype or device does not fit, or added conditions are missing or not expected.</exception>
    public Tensor forward(Tensor sample, Tensor timestep, Tensor encoderHiddenStates, Tensor? textEmbeds, Tensor? timeIds)
    {
        CheckInputs(sample, timestep, encoderHiddenStates, textEmbeds, timeIds);
        using DisposeScope scope = NewDisposeScope();
        Tensor time = activation.Apply(Embedded(timestep, textEmbeds, timeIds));
        var kept = new Stack<Tensor>();
        kept.Push(convIn.Apply(Config.CenterInputSample ? (sample * 2).sub_(1) : sample));
        foreach (DownBlock2D block in downBlocks)
        {
            block.Forward(kept, time, encoderHiddenStates);
        }

        // The last kept state is used twice: the way up begins with another handle of it, to be disposed apart.
        Tensor hidden = midBlock?.Forward(kept.Peek(), time, encoderHiddenStates) ?? kept.Peek().alias();
        foreach (UpBlock2D block in upBlocks)
        {
            hidden = block.Forward(hidden, kept, time, encoderHiddenStates);
        }

        return convOut.Apply(Activation.Silu.Apply(normOut.call(hidden))).MoveToOuterDisposeScope();
    }

    /// <summary>The network as a denoiser whose condition is the text's states.</summary>
    /// <param name="prediction">What it predicts; null for noise. The default value is null.</param>
    /// <param name="trainingTimesteps">The steps of the schedule that it was trained with. The default value is 1000.</param>
    /// <exception cref="InvalidOperationException">The network needs added conditions: use
    /// <c>Denoiser.FromFunction</c> with a function that gives them.</exception>
    public Denoiser ToDenoiser(Prediction? prediction = null, int trainingTimesteps = 1000) => addition is null
        ? Denoiser.FromModule(this, prediction ?? Prediction.Noise, trainingTimesteps: trainingTimesteps)
        : throw new InvalidOperationException(
            "The network needs a pooled text and time ids beside the text's states. " +
            $"Use {nameof(Denoiser)}.{nameof(Denoiser.FromFunction)} with a function that gives them.");

    /// <summary>A trained network from weights that are open; otherwise as <see cref="FromPretrained"/>.</summary>
    internal static UNet2DConditionModel Load(
        UNet2DConditionConfig config,
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken) => PretrainedNetwork.Load(
            new UNet2DConditionModel(config, new Execution(META)),
            weights,
            currentName: null,
            device,
            dtype,
            trainable,
            progress,
            cancellationToken);

    /// <summary>Does nothing: parts are registered under the names of the layout, and under no others.</summary>
    protected override void RegisterComponents()
    {
    }

    private Tensor Embedded(Tensor timestep, Tensor? textEmbeds, Tensor? timeIds)
    {
        Tensor features = TimestepFeatures.Of(timestep, Config.BlockOutChannels[0], Config.FlipSinToCos, Config.FreqShift);
        Tensor embedded = timeEmbedding.Forward(features);
        return addition is null ? embedded : embedded.add_(addition.Of(textEmbeds!, timeIds!));
    }

    private void CheckInputs(Tensor sample, Tensor timestep, Tensor states, Tensor? textEmbeds, Tensor? timeIds)
    {
        Tensor weight = convIn.weight!;
        long channels = Config.InChannels, width = Config.CrossAttentionDim[0];
        Input.Fits(nameof(sample), sample, [-1, channels, -1, -1], $"[batch, {channels}, height, width]", weight);
        long batch = sample.shape[0];
        Input.Fits(nameof(timestep), timestep, [batch], $"[{batch}]");
        Input.Fits("encoderHiddenStates", states, [batch, -1, width], $"[{batch}, tokens, {width}]", weight);
        if (addition is null)
        {
            Input.Absent(nameof(textEmbeds), textEmbeds, "The network has no added conditions.");
            Input.Absent(nameof(timeIds), timeIds, "The network has no added conditions.");
            return;
        }

        const string Remedy = "The network is told a pooled text and sizes (text_time). Pass both.";
        Input.Present(nameof(textEmbeds), textEmbeds, Remedy);
        Input.Present(nameof(timeIds), timeIds, Remedy);
        Input.Fits(nameof(timeIds), timeIds!, [batch, -1], $"[{batch}, count]");
        long pooled = Config.ProjectionClassEmbeddingsInputDim!.Value - (timeIds!.shape[1] * Config.AdditionTimeEmbedDim!.Value);
        string expected = $"[{batch}, {pooled}] beside {timeIds.shape[1]} time ids";
        Input.Fits(nameof(textEmbeds), textEmbeds!, [batch, pooled], expected, weight);
    }
}
