namespace Costate.Networks;

/// <summary>
/// The shape of a <see cref="ClipTextModel"/>, in the terms of the <c>config.json</c> of transformers' <c>CLIPTextModel</c> and
/// <c>CLIPTextModelWithProjection</c>.
/// </summary>
/// <remarks>
/// Every property has the name and the default of the option it stands for: an option that a file leaves out has the default.
/// <see cref="Read"/> and the constructor of the network refuse values that are not supported by name; all other options of such a file
/// are of training and of writing text, and have no effect. Immutable.
/// </remarks>
public sealed record ClipTextConfig
{
    private const string Plain = "CLIPTextModel";
    private const string WithProjection = "CLIPTextModelWithProjection";

    /// <summary>Number of tokens known. The default value is 49408.</summary>
    public int VocabSize { get; init; } = 49408;

    /// <summary>Width of the states. The default value is 512.</summary>
    public int HiddenSize { get; init; } = 512;

    /// <summary>Width of the feed-forward parts. The default value is 2048.</summary>
    public int IntermediateSize { get; init; } = 2048;

    /// <summary>Width of the projection, of a network that has one. The default value is 512.</summary>
    public int ProjectionDim { get; init; } = 512;

    /// <summary>Whether the network has a projection: the option <c>architectures</c> says so. The default value is false.</summary>
    public bool HasProjection { get; init; }

    /// <summary>Number of layers. The default value is 12.</summary>
    public int NumHiddenLayers { get; init; } = 12;

    /// <summary>Heads of the attention. The default value is 8.</summary>
    public int NumAttentionHeads { get; init; } = 8;

    /// <summary>Most tokens of a text. The default value is 77.</summary>
    public int MaxPositionEmbeddings { get; init; } = 77;

    /// <summary><c>quick_gelu</c> (<c>x sigmoid(1.702 x)</c>) or <c>gelu</c>. The default value is <c>quick_gelu</c>.</summary>
    public string HiddenAct { get; init; } = "quick_gelu";

    /// <summary>What the normalisations add to the variance. The default value is 1e-5.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>
    /// The token that ends a text, where the pooled state is taken: at its first place; where it is 2, as in most files in spite of their
    /// tokenizers, at the first place of the largest token. The default value is 49407.
    /// </summary>
    public int EosTokenId { get; init; } = 49407;

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object or a value is not of its option's kind.</exception>
    /// <exception cref="NotSupportedException">It is of another network, or sets an option to what is not supported; the message names
    /// it.</exception>
    public static ClipTextConfig Read(string path) => From(JsonOptions.Open(path));

    internal static ClipTextConfig From(JsonOptions options)
    {
        options.Require("model_type", "\"clip_text_model\"");
        IReadOnlyList<string> architectures = options.Texts("architectures", [Plain]);
        foreach (string architecture in architectures)
        {
            Option.OneOf("architectures", architecture, Plain, WithProjection);
        }

        var otherwise = new ClipTextConfig();
        return new ClipTextConfig
        {
            VocabSize = options.Integer("vocab_size", otherwise.VocabSize),
            HiddenSize = options.Integer("hidden_size", otherwise.HiddenSize),
            IntermediateSize = options.Integer("intermediate_size", otherwise.IntermediateSize),
            ProjectionDim = options.Integer("projection_dim", otherwise.ProjectionDim),
            HasProjection = architectures.Contains(WithProjection),
            NumHiddenLayers = options.Integer("num_hidden_layers", otherwise.NumHiddenLayers),
            NumAttentionHeads = options.Integer("num_attention_heads", otherwise.NumAttentionHeads),
            MaxPositionEmbeddings = options.Integer("max_position_embeddings", otherwise.MaxPositionEmbeddings),
            HiddenAct = options.Text("hidden_act", otherwise.HiddenAct),
            LayerNormEps = options.Number("layer_norm_eps", otherwise.LayerNormEps),
            EosTokenId = options.Integer("eos_token_id", otherwise.EosTokenId),
        };
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        Option.Positive("vocab_size", VocabSize);
        Option.Positive("hidden_size", HiddenSize);
        Option.Positive("intermediate_size", IntermediateSize);
        Option.Positive("projection_dim", ProjectionDim);
        Option.Positive("num_hidden_layers", NumHiddenLayers);
        Option.Positive("num_attention_heads", NumAttentionHeads);
        Option.Positive("max_position_embeddings", MaxPositionEmbeddings);
        Option.Divides("num_attention_heads", NumAttentionHeads, "hidden_size", HiddenSize);
        Option.OneOf("hidden_act", HiddenAct, "quick_gelu", "gelu");
    }
}
