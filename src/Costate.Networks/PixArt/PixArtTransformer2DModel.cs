using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The transformer of PixArt-alpha and PixArt-Sigma (Chen et al. 2023), in the layout and with the parameter names of diffusers'
/// <c>PixArtTransformer2DModel</c>.
/// </summary>
/// <remarks>
/// <para>
/// Latents [batch, in, height, width], of sides that the patch divides; training steps [batch]; states of texts [batch, tokens, width]
/// with a
/// mask; and sizes for networks that are told them. The output has the noise, and after it the learned variance of networks that have one.
/// Differentiable in latents and texts and in the parameters.
/// </para>
/// <para>A call changes no state, so calls may run side by side; loading, moving or setting properties during a call may not.</para>
/// </remarks>
public sealed class PixArtTransformer2DModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IRecomputing, IWeighted
{
    // Of the last modulation.
    private const string Table = "scale_shift_table";

    // Added to the scores of hidden tokens, as published.
    private const double Hidden = -10000;

    private readonly Execution execution;
    private readonly ComputedPlaces patches;
    private readonly TimeSizeEmbedding embedding;
    private readonly Linear modulation;
    private readonly TextProjection? textIn;
    private readonly ModuleList<PixArtBlock> blocks;
    private readonly Linear projection;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public PixArtTransformer2DModel(PixArtTransformer2DConfig config)
        : this(config, new Execution())
    {
    }

    private PixArtTransformer2DModel(PixArtTransformer2DConfig config, Execution execution)
        : base(nameof(PixArtTransformer2DModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        TorchLibraries.Require();
        Config = config;
        this.execution = execution;
        Device? device = execution.Device;

        // Takes what the making of a network leaves over.
        using DisposeScope scope = NewDisposeScope();
        int width = config.Width, predicted = config.PatchSize * config.PatchSize * config.OutChannels;
        var attention = new JointAttentionOptions(execution, config.NumAttentionHeads, config.AttentionHeadDim, IsNormed: false);
        register_parameter(Table, nn.Parameter(PixArtBlock.NewTable(2, width, device)));
        register_module("pos_embed", patches = new ComputedPlaces(
            config.InChannels, width, config.PatchSize, config.SampleSize / config.PatchSize, config.PlaceScale, device));
        register_module("adaln_single", new NamedLayers(
            ("emb", embedding = new TimeSizeEmbedding(width, config.HasSizes, device)),
            ("linear", modulation = nn.Linear(width, 6 * width, device: device))));
        if (config.CaptionChannels is { } channels)
        {
            register_module("caption_projection", textIn = new TextProjection(channels, width, device));
        }

        register_module("transformer_blocks", blocks = nn.ModuleList(
            [.. Enumerable.Range(0, config.NumLayers).Select(_ => new PixArtBlock(config, attention))]));
        register_module("proj_out", projection = nn.Linear(width, predicted, device: device));
        PretrainedNetwork.OwnParameters(this);
    }

    Parameter IWeighted.Weight
    {
        get => get_parameter(Table)!;
        set => ConditionallyRegisterParameter(Table, value);
    }

    /// <summary>The network's shape.</summary>
    public PixArtTransformer2DConfig Config { get; }

    /// <inheritdoc cref="UNet2DConditionModel.Attention"/>
    public AttentionKind Attention
    {
        get => execution.Attention;
        set => execution.Attention = value;
    }

    /// <inheritdoc cref="UNet2DConditionModel.GradientCheckpointing"/>
    public bool GradientCheckpointing
    {
        get => execution.Recomputes;
        set => execution.Recomputes = value;
    }

    /// <inheritdoc cref="UNet2DConditionModel.BackwardError"/>
    public Exception? BackwardError => execution.BackwardError;

    /// <inheritdoc cref="UNet2DConditionModel.FromPretrained"/>
    public static PixArtTransformer2DModel FromPretrained(
        string folder,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        string? variant = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        PixArtTransformer2DConfig config = PixArtTransformer2DConfig.Read(Path.Combine(folder, "config.json"));
        using WeightSource weights = WeightSource.Open(folder, variant);
        return Load(config, weights, device, dtype, trainable, progress, cancellationToken);
    }

    /// <summary>The prediction [batch, out, height, width] of a network that is told no sizes, without a mask.</summary>
    /// <param name="hiddenStates">The noisy latents, [batch, in, height, width].</param>
    /// <param name="timestep">The training step, [batch].</param>
    /// <param name="encoderHiddenStates">The text's states, [batch, tokens, width].</param>
    /// <exception cref="InputException">A shape, dtype or device does not fit, or the network needs sizes.</exception>
    public override Tensor forward(Tensor hiddenStates, Tensor timestep, Tensor encoderHiddenStates) =>
        forward(hiddenStates, timestep, encoderHiddenStates, null, null, null);

    /// <summary>The prediction [batch, out, height, width].</summary>
    /// <param name="hiddenStates">The noisy latents, [batch, in, height, width].</param>
    /// <param name="timestep">The training step, [batch].</param>
    /// <param name="encoderHiddenStates">The text's states, [batch, tokens, width].</param>
    /// <param name="encoderAttentionMask">[batch, tokens], 1 for tokens that are seen and 0 for those that are not; null for none.</param>
    /// <param name="resolution">Height and width of the picture in pixels, [batch, 2], for a network that is told sizes; null for
    /// others.</param>
    /// <param name="aspectRatio">Height over width, [batch, 1], likewise.</param>
    /// <exception cref="InputException">A shape, dtype or device does not fit, or sizes are missing or not expected.</exception>
    public Tensor forward(
        Tensor hiddenStates,
        Tensor timestep,
        Tensor encoderHiddenStates,
        Tensor? encoderAttentionMask,
        Tensor? resolution,
        Tensor? aspectRatio)
    {
        CheckInputs(hiddenStates, timestep, encoderHiddenStates, encoderAttentionMask, resolution, aspectRatio);
        using DisposeScope scope = NewDisposeScope();
        Tensor embedded = embedding.Forward(timestep, resolution, aspectRatio);
        Tensor by = modulation.call(embedded.silu());
        Tensor text = textIn?.Forward(encoderHiddenStates) ?? encoderHiddenStates;
        Tensor? bias = encoderAttentionMask is null ? null
            : (1 - encoderAttentionMask.to(projection.weight.device).to(text.dtype)).mul(Hidden).unsqueeze(1).unsqueeze(1);
        Tensor hidden = patches.Forward(hiddenStates);
        foreach (PixArtBlock block in blocks)
        {
            using Tensor input = hidden;
            hidden = block.Forward(input, text, by, bias);
        }

        Tensor[] last = (get_parameter(Table)! + embedded.unsqueeze(1)).chunk(2, 1);
        Tensor vectors = projection.call(Modulation.Apply(hidden, last[0], last[1]));
        return Patches.Image(vectors, Config.PatchSize, hiddenStates.shape[2], hiddenStates.shape[3]).MoveToOuterDisposeScope();
    }

    /// <summary>A trained network from weights that are open; otherwise as <see cref="FromPretrained"/>.</summary>
    internal static PixArtTransformer2DModel Load(
        PixArtTransformer2DConfig config,
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken) => PretrainedNetwork.Load(
            new PixArtTransformer2DModel(config, new Execution(META)),
            weights,
            ComputedPlaces.CurrentName,
            device,
            dtype,
            trainable,
            progress,
            cancellationToken);

    /// <summary>Does nothing: parts are registered under the names of the layout, and under no others.</summary>
    protected override void RegisterComponents()
    {
    }

    private void CheckInputs(Tensor latents, Tensor timestep, Tensor text, Tensor? mask, Tensor? resolution, Tensor? aspectRatio)
    {
        Input.WholePatches("hiddenStates", latents, Config.InChannels, Config.PatchSize, projection.weight);
        long batch = latents.shape[0], width = Config.CaptionChannels ?? Config.CrossAttentionDim;
        Input.Fits(nameof(timestep), timestep, [batch], $"[{batch}]");
        Input.Fits("encoderHiddenStates", text, [batch, -1, width], $"[{batch}, tokens, {width}]", projection.weight);
        if (mask is not null)
        {
            Input.Fits("encoderAttentionMask", mask, [batch, text.shape[1]], $"[{batch}, {text.shape[1]}]");
        }

        if (!Config.HasSizes)
        {
            Input.Absent(nameof(resolution), resolution, "The network is told no sizes.");
            Input.Absent(nameof(aspectRatio), aspectRatio, "The network is told no sizes.");
            return;
        }

        const string Remedy = "The network is told the size of the picture. Pass both.";
        Input.Present(nameof(resolution), resolution, Remedy);
        Input.Present(nameof(aspectRatio), aspectRatio, Remedy);
        Input.Fits(nameof(resolution), resolution!, [batch, 2], $"[{batch}, 2]");
        Input.Fits(nameof(aspectRatio), aspectRatio!, [batch, 1], $"[{batch}, 1]");
    }
}
