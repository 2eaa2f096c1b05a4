using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The transformer of DiT (Peebles and Xie 2023), which is told a class, in the layout and with the parameter names of diffusers'
/// <c>DiTTransformer2DModel</c>.
/// </summary>
/// <remarks>
/// <para>
/// Latents [batch, in, height, width], of sides that the patch divides; training steps [batch]; classes [batch], of which the number of
/// classes stands for none. The output has the noise, and after it the learned variance of networks that have one. Differentiable in the
/// latents and in the parameters.
/// </para>
/// <para>A call changes no state, so calls may run side by side; loading, moving or setting properties during a call may not.</para>
/// </remarks>
public sealed class DiTTransformer2DModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IRecomputing
{
    private readonly Execution execution;
    private readonly ComputedPlaces patches;
    private readonly ModuleList<DiTBlock> blocks;
    private readonly Linear modulation;
    private readonly Linear projection;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public DiTTransformer2DModel(DiTTransformer2DConfig config)
        : this(config, new Execution())
    {
    }

    private DiTTransformer2DModel(DiTTransformer2DConfig config, Execution execution)
        : base(nameof(DiTTransformer2DModel))
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
        register_module("pos_embed", patches = new ComputedPlaces(
            config.InChannels, width, config.PatchSize, config.SampleSize / config.PatchSize, 1, device));
        register_module("transformer_blocks", blocks = nn.ModuleList(
            [.. Enumerable.Range(0, config.NumLayers).Select(_ => new DiTBlock(config, attention))]));
        register_module("proj_out_1", modulation = nn.Linear(width, 2 * width, device: device));
        register_module("proj_out_2", projection = nn.Linear(width, predicted, device: device));
        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public DiTTransformer2DConfig Config { get; }

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
    public static DiTTransformer2DModel FromPretrained(
        string folder,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        string? variant = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        DiTTransformer2DConfig config = DiTTransformer2DConfig.Read(Path.Combine(folder, "config.json"));
        using WeightSource weights = WeightSource.Open(folder, variant);
        return Load(config, weights, device, dtype, trainable, progress, cancellationToken);
    }

    /// <summary>The prediction [batch, out, height, width].</summary>
    /// <param name="hiddenStates">The noisy latents, [batch, in, height, width].</param>
    /// <param name="timestep">The training step, [batch].</param>
    /// <param name="classLabels">Class numbers, [batch], of any dtype: whole numbers, of which the number of classes stands for
    /// none.</param>
    /// <exception cref="InputException">A shape, dtype or device does not fit, or there is no such class.</exception>
    public override Tensor forward(Tensor hiddenStates, Tensor timestep, Tensor classLabels)
    {
        Input.WholePatches(nameof(hiddenStates), hiddenStates, Config.InChannels, Config.PatchSize, projection.weight);
        long batch = hiddenStates.shape[0];
        Input.Fits(nameof(timestep), timestep, [batch], $"[{batch}]");
        Input.Fits(nameof(classLabels), classLabels, [batch], $"[{batch}]");
        using DisposeScope scope = NewDisposeScope();
        Tensor labels = Labels(classLabels), features = TimestepFeatures.Of(timestep, DiTBlock.Features, cosFirst: true, frequencyShift: 1);
        Tensor hidden = patches.Forward(hiddenStates);
        foreach (DiTBlock block in blocks)
        {
            using Tensor input = hidden;
            hidden = block.Forward(input, features, labels);
        }

        // By the embedding of the first block.
        Tensor[] by = modulation.call(blocks[0].Embedded(features, labels)).unsqueeze(1).chunk(2, -1);
        Tensor vectors = projection.call(Modulation.Apply(hidden, by[0], by[1]));
        return Patches.Image(vectors, Config.PatchSize, hiddenStates.shape[2], hiddenStates.shape[3]).MoveToOuterDisposeScope();
    }

    private Tensor Labels(Tensor classLabels)
    {
        Tensor labels = classLabels.to(ScalarType.Int64).to(projection.weight.device);
        bool are = labels.eq(classLabels.to(labels.device)).all().item<bool>();
        (long least, long most) = (labels.min().item<long>(), labels.max().item<long>());
        return are && least >= 0 && most <= Config.NumEmbedsAdaNorm ? labels : throw new InputException(
            nameof(classLabels),
            are ? $"class {(least < 0 ? least : most)}" : "numbers that are not whole",
            $"0 to {Config.NumEmbedsAdaNorm - 1}, or {Config.NumEmbedsAdaNorm} for none");
    }

    /// <summary>A trained network from weights that are open; otherwise as <see cref="FromPretrained"/>.</summary>
    internal static DiTTransformer2DModel Load(
        DiTTransformer2DConfig config,
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken) => PretrainedNetwork.Load(
            new DiTTransformer2DModel(config, new Execution(META)),
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
}
