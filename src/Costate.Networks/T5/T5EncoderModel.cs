using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The encoder of T5 (Raffel et al. 2020), version 1.1 and the first: the long text encoder of SD3 and Flux and the only one of PixArt, in
/// the layout and with the parameter names of transformers' <c>T5EncoderModel</c>.
/// </summary>
/// <remarks>
/// <para>
/// Token ids [batch, tokens], whole numbers; any number of tokens, of which each sees all that a mask does not hide. Differentiable in the
/// parameters, the table of tokens among them. In float16 the states between layers are float32, for they exceed its range.
/// </para>
/// <para>A call changes no state, so calls may run side by side; loading, moving or setting properties during a call may not.</para>
/// </remarks>
public sealed class T5EncoderModel : nn.Module<Tensor, Tensor>
{
    // Either name, or both, for the one table.
    private const string TableName = "shared.weight";
    private const string OtherTableName = "encoder.embed_tokens.weight";

    private readonly Execution execution;
    private readonly EmbeddingTable tokens;
    private readonly T5PositionBias positions;
    private readonly ModuleList<T5Block> blocks;
    private readonly RmsNorm lastNorm;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public T5EncoderModel(T5EncoderConfig config)
        : this(config, new Execution())
    {
    }

    private T5EncoderModel(T5EncoderConfig config, Execution execution)
        : base(nameof(T5EncoderModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        TorchLibraries.Require();
        Config = config;
        this.execution = execution;
        Device? device = execution.Device;
        using DisposeScope scope = NewDisposeScope();
        positions = new T5PositionBias(config, device);
        register_module("shared", tokens = new EmbeddingTable(config.VocabSize, config.DModel, device));
        blocks = nn.ModuleList(
            [.. Enumerable.Range(0, config.NumLayers).Select(i => new T5Block(config, execution, i == 0 ? positions.Table : null))]);
        register_module("encoder", new NamedLayers(
            ("block", blocks), ("final_layer_norm", lastNorm = new RmsNorm(config.DModel, config.LayerNormEpsilon, device))));
        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public T5EncoderConfig Config { get; }

    /// <summary>How it computes attention. The default value is <see cref="AttentionKind.Fused"/>.</summary>
    /// <value><see cref="AttentionKind.Products"/> for second derivatives.</value>
    public AttentionKind Attention
    {
        get => execution.Attention;
        set => execution.Attention = value;
    }

    /// <summary>Whether a call with a graph keeps the inputs of layers alone, and computes each again in the backward pass. The default
    /// value is false.</summary>
    public bool GradientCheckpointing
    {
        get => execution.Recomputes;
        set => execution.Recomputes = value;
    }

    /// <summary>
    /// A trained network from a folder as the Hub lays it out: <c>config.json</c> and weights, such as <c>model.safetensors</c>, in one
    /// file
    /// or in shards (<see cref="WeightSource"/>).
    /// </summary>
    /// <remarks>The table of tokens may be there under either of its names, or both; a decoder is left alone.</remarks>
    /// <param name="folder">The folder, such as <c>text_encoder_3</c>.</param>
    /// <param name="device">Where to put it. The default is the CPU.</param>
    /// <param name="dtype">The parameters' dtype, whatever the file's. The default value is float32.</param>
    /// <param name="trainable">Whether the parameters take gradients. The default value is false.</param>
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
    public static T5EncoderModel FromPretrained(
        string folder,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        string? variant = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        T5EncoderConfig config = T5EncoderConfig.Read(Path.Combine(folder, "config.json"));
        using WeightSource weights = WeightSource.Open(folder, variant);
        return Load(config, weights, device, dtype, trainable, progress, cancellationToken);
    }

    /// <summary>The states of texts, [batch, tokens, width], without a mask: padding is seen like any other token.</summary>
    /// <param name="inputIds">Token ids, [batch, tokens], of a dtype of whole numbers, on the network's device.</param>
    /// <exception cref="InputException">The shape, dtype or device does not fit, or an id is not in the vocabulary.</exception>
    public override Tensor forward(Tensor inputIds) => forward(inputIds, null);

    /// <summary>The states of texts, [batch, tokens, width].</summary>
    /// <param name="inputIds">Token ids, [batch, tokens], of a dtype of whole numbers, on the network's device.</param>
    /// <param name="attentionMask">[batch, tokens], 0 for tokens that none sees, of any dtype; null for none.</param>
    /// <exception cref="InputException">A shape, dtype or device does not fit, or an id is not in the vocabulary.</exception>
    public Tensor forward(Tensor inputIds, Tensor? attentionMask)
    {
        Input.Tokens(nameof(inputIds), inputIds, Config.VocabSize, tokens.Weight);
        long[] shape = inputIds.shape;
        if (attentionMask is not null)
        {
            Input.Fits(nameof(attentionMask), attentionMask, shape, $"[{shape[0]}, {shape[1]}]");
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor bias = positions.Of(shape[1]);
        if (attentionMask is not null)
        {
            double hidden = bias.dtype == ScalarType.Float16 ? -65504 : -1e38;
            bias += attentionMask.to(bias.device).eq(0).to(bias.dtype).mul_(hidden).reshape(shape[0], 1, 1, shape[1]);
        }

        Tensor state = tokens.Forward(inputIds.to(ScalarType.Int64));
        state = state.dtype == ScalarType.Float16 ? state.to(ScalarType.Float32) : state;
        foreach (T5Block block in blocks)
        {
            state = block.Forward(state, bias);
        }

        return lastNorm.Forward(state).MoveToOuterDisposeScope();
    }

    /// <summary>A trained network from weights that are open; otherwise as <see cref="FromPretrained"/>.</summary>
    internal static T5EncoderModel Load(
        T5EncoderConfig config,
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        bool hasTable = weights.Names.Contains(TableName);
        return PretrainedNetwork.Load(
            new T5EncoderModel(config, new Execution(META)),
            weights,
            name => name == OtherTableName ? hasTable ? null : TableName
                : name.StartsWith("decoder.", StringComparison.Ordinal) || name == "lm_head.weight" ? null
                : name,
            device,
            dtype,
            trainable,
            progress,
            cancellationToken);
    }

    /// <summary>Does nothing: parts are registered under the names of the layout, and under no others.</summary>
    protected override void RegisterComponents()
    {
    }
}
