using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The transformer of FLUX.1 (Black Forest Labs 2024), in the layout and with the parameter names of diffusers'
/// <c>FluxTransformer2DModel</c>: dev, which is told a guidance scale, and schnell, which is not.
/// </summary>
/// <remarks>
/// <para>
/// Packed latents [batch, positions, in] and their places [positions, 3]; noise levels [batch] from 0 to 1; states of texts
/// [batch, tokens, width], their places [tokens, 3], and pooled texts. The output is the velocity from data to noise, packed.
/// Differentiable in all but the places, and in the parameters.
/// </para>
/// <para>A call changes no state, so calls may run side by side; loading, moving or setting properties during a call may not.</para>
/// </remarks>
public sealed class FluxTransformer2DModel : nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor>, IRecomputing
{
    // What the network is told of a time or a guidance scale of 1.
    private const double Scale = 1000;

    private readonly Execution execution;
    private readonly TimeTextEmbedding embedding;
    private readonly Linear textIn;
    private readonly Linear imageIn;
    private readonly ModuleList<JointBlock> blocks;
    private readonly ModuleList<SingleBlock> singleBlocks;
    private readonly Modulation normOut;
    private readonly Linear projection;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public FluxTransformer2DModel(FluxTransformer2DConfig config)
        : this(config, new Execution())
    {
    }

    private FluxTransformer2DModel(FluxTransformer2DConfig config, Execution execution)
        : base(nameof(FluxTransformer2DModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        TorchLibraries.Require();
        Config = config;
        this.execution = execution;
        Device? device = execution.Device;

        // Takes what the making of a network leaves over.
        using DisposeScope scope = NewDisposeScope();
        int width = config.Width;
        var attention = new JointAttentionOptions(execution, config.NumAttentionHeads, config.AttentionHeadDim, IsNormed: true);
        register_module(
            "time_text_embed", embedding = new TimeTextEmbedding(width, config.PooledProjectionDim, config.GuidanceEmbeds, device));
        register_module("context_embedder", textIn = nn.Linear(config.JointAttentionDim, width, device: device));
        register_module("x_embedder", imageIn = nn.Linear(config.InChannels, width, device: device));
        register_module("transformer_blocks", blocks = nn.ModuleList([.. Enumerable.Range(0, config.NumLayers).Select(
            _ => new JointBlock(attention, isDual: false, isLast: false))]));
        register_module("single_transformer_blocks", singleBlocks = nn.ModuleList(
            [.. Enumerable.Range(0, config.NumSingleLayers).Select(_ => new SingleBlock(attention))]));
        register_module("norm_out", normOut = new Modulation(width, 2, device));
        register_module("proj_out", projection = nn.Linear(width, config.PredictedChannels, device: device));
        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public FluxTransformer2DConfig Config { get; }

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
    public static FluxTransformer2DModel FromPretrained(
        string folder,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        string? variant = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        FluxTransformer2DConfig config = FluxTransformer2DConfig.Read(Path.Combine(folder, "config.json"));
        using WeightSource weights = WeightSource.Open(folder, variant);
        return Load(config, weights, device, dtype, trainable, progress, cancellationToken);
    }

    /// <summary>The prediction [batch, positions, out] of a network without guidance.</summary>
    /// <param name="hiddenStates">The noisy latents, packed, [batch, positions, in].</param>
    /// <param name="timestep">The noise level, [batch], from 0 to 1.</param>
    /// <param name="encoderHiddenStates">The text's states, [batch, tokens, width].</param>
    /// <param name="pooledProjections">The pooled text, [batch, width].</param>
    /// <param name="imgIds">Places of the latents, [positions, 3]: 0, row, column.</param>
    /// <param name="txtIds">Places of the tokens, [tokens, 3]: zeros.</param>
    /// <exception cref="InputException">A shape, dtype or device does not fit, or the network needs a guidance scale.</exception>
    public override Tensor forward(
        Tensor hiddenStates, Tensor timestep, Tensor encoderHiddenStates, Tensor pooledProjections, Tensor imgIds, Tensor txtIds) =>
        forward(hiddenStates, timestep, encoderHiddenStates, pooledProjections, imgIds, txtIds, null);

    /// <summary>The prediction [batch, positions, out].</summary>
    /// <param name="hiddenStates">The noisy latents, packed, [batch, positions, in].</param>
    /// <param name="timestep">The noise level, [batch], from 0 to 1.</param>
    /// <param name="encoderHiddenStates">The text's states, [batch, tokens, width].</param>
    /// <param name="pooledProjections">The pooled text, [batch, width].</param>
    /// <param name="imgIds">Places of the latents, [positions, 3]: 0, row, column.</param>
    /// <param name="txtIds">Places of the tokens, [tokens, 3]: zeros.</param>
    /// <param name="guidance">The guidance scale, [batch], for a network with <see cref="FluxTransformer2DConfig.GuidanceEmbeds"/>; null
    /// for
    /// others.</param>
    /// <exception cref="InputException">A shape, dtype or device does not fit, or the guidance scale is missing or not
    /// expected.</exception>
    public Tensor forward(
        Tensor hiddenStates,
        Tensor timestep,
        Tensor encoderHiddenStates,
        Tensor pooledProjections,
        Tensor imgIds,
        Tensor txtIds,
        Tensor? guidance)
    {
        CheckInputs(hiddenStates, timestep, encoderHiddenStates, pooledProjections, imgIds, txtIds, guidance);
        using DisposeScope scope = NewDisposeScope();
        Tensor by = embedding.Activated(timestep * Scale, pooledProjections, guidance is null ? null : guidance * Scale);
        Tensor rotation = Rotation.Of(cat([txtIds, imgIds]), Config.AxesDimsRope, hiddenStates.dtype);
        long tokens = encoderHiddenStates.shape[1];
        Tensor both = cat([textIn.call(encoderHiddenStates), imageIn.call(hiddenStates)], 1);
        foreach (JointBlock block in blocks)
        {
            using Tensor input = both;
            both = block.Forward(input, tokens, by, rotation);
        }

        foreach (SingleBlock block in singleBlocks)
        {
            using Tensor input = both;
            both = block.Forward(input, by, rotation);
        }

        Tensor[] last = normOut.Of(by);
        Tensor image = both.narrow(1, tokens, hiddenStates.shape[1]);
        return projection.call(Modulation.Apply(image, last[1], last[0])).MoveToOuterDisposeScope();
    }

    /// <summary>A trained network from weights that are open; otherwise as <see cref="FromPretrained"/>.</summary>
    internal static FluxTransformer2DModel Load(
        FluxTransformer2DConfig config,
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken) => PretrainedNetwork.Load(
            new FluxTransformer2DModel(config, new Execution(META)),
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

    private void CheckInputs(
        Tensor latents, Tensor timestep, Tensor text, Tensor pooledProjections, Tensor imgIds, Tensor txtIds, Tensor? guidance)
    {
        Tensor weight = imageIn.weight;
        long channels = Config.InChannels, width = Config.JointAttentionDim, pooled = Config.PooledProjectionDim;
        Input.Fits("hiddenStates", latents, [-1, -1, channels], $"[batch, positions, {channels}]", weight);
        (long batch, long positions) = (latents.shape[0], latents.shape[1]);
        Input.Fits(nameof(timestep), timestep, [batch], $"[{batch}]");
        Input.Fits("encoderHiddenStates", text, [batch, -1, width], $"[{batch}, tokens, {width}]", weight);
        Input.Fits(nameof(pooledProjections), pooledProjections, [batch, pooled], $"[{batch}, {pooled}]", weight);
        Input.Fits(nameof(imgIds), imgIds, [positions, 3], $"[{positions}, 3]");
        Input.Fits(nameof(txtIds), txtIds, [text.shape[1], 3], $"[{text.shape[1]}, 3]");
        if (!Config.GuidanceEmbeds)
        {
            Input.Absent(nameof(guidance), guidance, "The network is told no guidance scale, as FLUX.1-schnell.");
            return;
        }

        Input.Present(nameof(guidance), guidance, "The network is told a guidance scale, as FLUX.1-dev: 3.5 is usual.");
        Input.Fits(nameof(guidance), guidance!, [batch], $"[{batch}]");
    }
}
