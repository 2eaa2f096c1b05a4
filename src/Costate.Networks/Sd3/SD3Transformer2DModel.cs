using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The transformer of Stable Diffusion 3 and 3.5 (Esser et al. 2024), in the layout and with the parameter names of diffusers'
/// <c>SD3Transformer2DModel</c>.
/// </summary>
/// <remarks>
/// <para>
/// Latents [batch, in, height, width], of sides that the patch divides, up to <see cref="SD3Transformer2DConfig.PosEmbedMaxSize"/> patches;
/// training steps [batch], 1000 times the noise level of a flow; states of texts [batch, tokens, width], and pooled texts. The output is
/// the
/// velocity from data to noise. Differentiable in all of them and in the parameters.
/// </para>
/// <para>A call changes no state, so calls may run side by side; loading, moving or setting properties during a call may not.</para>
/// </remarks>
public sealed class SD3Transformer2DModel : nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor>, IRecomputing
{
    private readonly Execution execution;
    private readonly StoredPlaces patches;
    private readonly TimeTextEmbedding embedding;
    private readonly Linear textIn;
    private readonly ModuleList<JointBlock> blocks;
    private readonly Modulation normOut;
    private readonly Linear projection;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public SD3Transformer2DModel(SD3Transformer2DConfig config)
        : this(config, new Execution())
    {
    }

    private SD3Transformer2DModel(SD3Transformer2DConfig config, Execution execution)
        : base(nameof(SD3Transformer2DModel))
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
        var attention = new JointAttentionOptions(execution, config.NumAttentionHeads, config.AttentionHeadDim, config.QkNorm is not null);
        register_module("pos_embed", patches = new StoredPlaces(config, device));
        register_module("time_text_embed", embedding = new TimeTextEmbedding(width, config.PooledProjectionDim, false, device));
        register_module("context_embedder", textIn = nn.Linear(config.JointAttentionDim, width, device: device));
        register_module("transformer_blocks", blocks = nn.ModuleList([.. Enumerable.Range(0, config.NumLayers).Select(
            i => new JointBlock(attention, config.DualAttentionLayers.Contains(i), isLast: i == config.NumLayers - 1))]));
        register_module("norm_out", normOut = new Modulation(width, 2, device));
        register_module("proj_out", projection = nn.Linear(width, predicted, device: device));
        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public SD3Transformer2DConfig Config { get; }

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
    public static SD3Transformer2DModel FromPretrained(
        string folder,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        string? variant = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        SD3Transformer2DConfig config = SD3Transformer2DConfig.Read(Path.Combine(folder, "config.json"));
        using WeightSource weights = WeightSource.Open(folder, variant);
        return Load(config, weights, device, dtype, trainable, progress, cancellationToken);
    }

    /// <summary>The prediction [batch, out, height, width].</summary>
    /// <param name="hiddenStates">The noisy latents, [batch, in, height, width].</param>
    /// <param name="timestep">The training step, [batch]: 1000 times the noise level.</param>
    /// <param name="encoderHiddenStates">The text's states, [batch, tokens, width].</param>
    /// <param name="pooledProjections">The pooled text, [batch, width].</param>
    /// <exception cref="InputException">A shape, dtype or device does not fit.</exception>
    public override Tensor forward(Tensor hiddenStates, Tensor timestep, Tensor encoderHiddenStates, Tensor pooledProjections)
    {
        Input.WholePatches(nameof(hiddenStates), hiddenStates, Config.InChannels, Config.PatchSize, textIn.weight, Config.PosEmbedMaxSize);
        long batch = hiddenStates.shape[0], text = Config.JointAttentionDim, pooled = Config.PooledProjectionDim;
        Input.Fits(nameof(timestep), timestep, [batch], $"[{batch}]");
        Input.Fits("encoderHiddenStates", encoderHiddenStates, [batch, -1, text], $"[{batch}, tokens, {text}]", textIn.weight);
        Input.Fits(nameof(pooledProjections), pooledProjections, [batch, pooled], $"[{batch}, {pooled}]", textIn.weight);
        using DisposeScope scope = NewDisposeScope();
        Tensor by = embedding.Activated(timestep, pooledProjections, guidance: null);
        Tensor both = cat([textIn.call(encoderHiddenStates), patches.Forward(hiddenStates)], 1);
        foreach (JointBlock block in blocks)
        {
            using Tensor input = both;
            both = block.Forward(input, encoderHiddenStates.shape[1], by, rotation: null);
        }

        Tensor[] last = normOut.Of(by);
        Tensor vectors = projection.call(Modulation.Apply(both, last[1], last[0]));
        return Patches.Image(vectors, Config.PatchSize, hiddenStates.shape[2], hiddenStates.shape[3]).MoveToOuterDisposeScope();
    }

    /// <summary>A trained network from weights that are open; otherwise as <see cref="FromPretrained"/>.</summary>
    internal static SD3Transformer2DModel Load(
        SD3Transformer2DConfig config,
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken) => PretrainedNetwork.Load(
            new SD3Transformer2DModel(config, new Execution(META)),
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
}
