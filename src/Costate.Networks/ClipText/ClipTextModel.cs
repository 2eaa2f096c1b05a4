using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The text encoder of CLIP (Radford et al. 2021) and OpenCLIP, with a projection or without: that of Stable Diffusion 1 and 2, both of
/// SDXL and SD3, and the first of Flux, in the layout and with the parameter names of transformers' <c>CLIPTextModel</c> and
/// <c>CLIPTextModelWithProjection</c>.
/// </summary>
/// <remarks>
/// <para>
/// Token ids [batch, tokens], whole numbers, at most <see cref="ClipTextConfig.MaxPositionEmbeddings"/> of them. A token sees itself and
/// those before it; padding is seen like any other. Differentiable in the parameters, the table of tokens among them.
/// </para>
/// <para>A call changes no state, so calls may run side by side; loading, moving or setting properties during a call may not.</para>
/// </remarks>
public sealed class ClipTextModel : nn.Module<Tensor, ClipTextOutput>
{
    // In most files, whatever their tokenizer's: the end of a text is then its largest token.
    private const int UnknownEnd = 2;

    // Of the tables of a new network, as in transformers.
    private const double Deviation = 0.02;

    private readonly Execution execution;
    private readonly EmbeddingTable tokens;
    private readonly EmbeddingTable positions;
    private readonly ModuleList<ClipTextLayer> layers;
    private readonly LayerNorm lastNorm;
    private readonly Linear? projection;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public ClipTextModel(ClipTextConfig config)
        : this(config, new Execution())
    {
    }

    private ClipTextModel(ClipTextConfig config, Execution execution)
        : base(nameof(ClipTextModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        TorchLibraries.Require();
        Config = config;
        this.execution = execution;
        Device? device = execution.Device;
        using DisposeScope scope = NewDisposeScope();
        layers = nn.ModuleList([.. Enumerable.Range(0, config.NumHiddenLayers).Select(_ => new ClipTextLayer(config, execution))]);
        register_module("text_model", new NamedLayers(
            ("embeddings", new NamedLayers(
                ("token_embedding", tokens = new EmbeddingTable(config.VocabSize, config.HiddenSize, device, Deviation)),
                (
                    "position_embedding",
                    positions = new EmbeddingTable(config.MaxPositionEmbeddings, config.HiddenSize, device, Deviation)))),
            ("encoder", new NamedLayers(("layers", layers))),
            ("final_layer_norm", lastNorm = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device))));
        if (config.HasProjection)
        {
            projection = nn.Linear(config.HiddenSize, config.ProjectionDim, hasBias: false, device: device);
            register_module("text_projection", projection);
        }

        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public ClipTextConfig Config { get; }

    /// <summary>How it computes attention. The default value is <see cref="AttentionKind.Fused"/>.</summary>
    /// <value><see cref="AttentionKind.Products"/> for second derivatives.</value>
    public AttentionKind Attention
    {
        get => execution.Attention;
        set => execution.Attention = value;
    }

    /// <summary>
    /// A trained network from a folder as the Hub lays it out: <c>config.json</c> and weights, such as <c>model.safetensors</c>
    /// (<see cref="WeightSource"/>).
    /// </summary>
    /// <remarks>What else such a file may hold is left alone: places of positions, an image encoder, a projection that the configuration
    /// does not have.</remarks>
    /// <param name="folder">The folder, such as <c>text_encoder</c>.</param>
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
    public static ClipTextModel FromPretrained(
        string folder,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        string? variant = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ClipTextConfig config = ClipTextConfig.Read(Path.Combine(folder, "config.json"));
        using WeightSource weights = WeightSource.Open(folder, variant);
        return Load(config, weights, device, dtype, trainable, progress, cancellationToken);
    }

    /// <summary>The states of texts.</summary>
    /// <param name="inputIds">Token ids, [batch, tokens], of a dtype of whole numbers, on the network's device.</param>
    /// <exception cref="InputException">The shape, dtype or device does not fit, or an id is not in the vocabulary.</exception>
    public override ClipTextOutput forward(Tensor inputIds)
    {
        CheckIds(inputIds);
        using DisposeScope scope = NewDisposeScope();
        Tensor ids = inputIds.to(ScalarType.Int64);
        List<Tensor> states = [tokens.Forward(ids) + positions.Weight.narrow(0, 0, ids.shape[1])];
        foreach (ClipTextLayer layer in layers)
        {
            states.Add(layer.Forward(states[^1]));
        }

        Tensor last = lastNorm.call(states[^1]);
        Tensor pooled = last.gather(1, Ends(ids).reshape(-1, 1, 1).expand(-1, 1, last.shape[2])).squeeze(1);
        return new ClipTextOutput(states, last, pooled, projection?.call(pooled)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The last normalisation, of states of an earlier layer: Stable Diffusion's clip skip n takes <c>HiddenStates[^(n + 1)]</c> so.
    /// </summary>
    /// <param name="hiddenStates">[batch, tokens, width].</param>
    /// <exception cref="InputException">The shape, dtype or device does not fit.</exception>
    public Tensor NormalizeLast(Tensor hiddenStates)
    {
        long width = Config.HiddenSize;
        Input.Fits(nameof(hiddenStates), hiddenStates, [-1, -1, width], $"[batch, tokens, {width}]", lastNorm.weight);
        return lastNorm.call(hiddenStates);
    }

    /// <summary>A trained network from weights that are open; otherwise as <see cref="FromPretrained"/>.</summary>
    internal static ClipTextModel Load(
        ClipTextConfig config,
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken) => PretrainedNetwork.Load(
            new ClipTextModel(config, new Execution(META)),
            weights,
            name => CurrentName(name, config.HasProjection),
            device,
            dtype,
            trainable,
            progress,
            cancellationToken);

    /// <summary>Does nothing: parts are registered under the names of the layout, and under no others.</summary>
    protected override void RegisterComponents()
    {
    }

    /// <summary>The present name of a file's tensor, null for one that is no part of this network.</summary>
    internal static string? CurrentName(string name, bool hasProjection)
    {
        if (name.EndsWith("position_ids", StringComparison.Ordinal)
            || name == "logit_scale"
            || name.StartsWith("vision_model.", StringComparison.Ordinal)
            || name.StartsWith("visual_projection.", StringComparison.Ordinal)
            || (!hasProjection && name.StartsWith("text_projection.", StringComparison.Ordinal)))
        {
            return null;
        }

        return name.StartsWith("text_", StringComparison.Ordinal) ? name : $"text_model.{name}";
    }

    // argmax gives the first of several, and the first place of all where nothing ends the text (as in transformers).
    private Tensor Ends(Tensor ids) => Config.EosTokenId == UnknownEnd
        ? ids.argmax(1)
        : ids.eq(Config.EosTokenId).to(ScalarType.Int32).argmax(1);

    private void CheckIds(Tensor inputIds)
    {
        Input.Fits(nameof(inputIds), inputIds, [-1, -1], "[batch, tokens]");
        if (inputIds.shape[1] > Config.MaxPositionEmbeddings)
        {
            const string Remedy = "Cut the text, and keep its end token.";
            throw new InputException(nameof(inputIds), $"{inputIds.shape[1]} tokens", $"at most {Config.MaxPositionEmbeddings}", Remedy);
        }

        Input.Tokens(nameof(inputIds), inputIds, Config.VocabSize, tokens.Weight);
    }
}
