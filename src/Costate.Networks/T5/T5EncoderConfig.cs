namespace Costate.Networks;

/// <summary>
/// The shape of a <see cref="T5EncoderModel"/>, in the terms of the <c>config.json</c> of transformers' <c>T5EncoderModel</c>.
/// </summary>
/// <remarks>
/// Every property has the name and the default of the option it stands for: an option that a file leaves out has the default.
/// <see cref="Read"/> and the constructor of the network refuse values that are not supported by name; all other options of such a file
/// are of training, of the decoder and of writing text, and have no effect. Immutable.
/// </remarks>
public sealed record T5EncoderConfig
{
    /// <summary>Number of tokens known. The default value is 32128.</summary>
    public int VocabSize { get; init; } = 32128;

    /// <summary>Width of the states. The default value is 512.</summary>
    public int DModel { get; init; } = 512;

    /// <summary>Width of a head. The default value is 64.</summary>
    public int DKv { get; init; } = 64;

    /// <summary>Width of the feed-forward parts. The default value is 2048.</summary>
    public int DFf { get; init; } = 2048;

    /// <summary>Number of layers. The default value is 6.</summary>
    public int NumLayers { get; init; } = 6;

    /// <summary>Heads of the attention; their widths need not add up to that of the states. The default value is 8.</summary>
    public int NumHeads { get; init; } = 8;

    /// <summary>Number of classes that distances between tokens fall into, half of them for each direction. The default value is
    /// 32.</summary>
    public int RelativeAttentionNumBuckets { get; init; } = 32;

    /// <summary>From what distance on all are of one class. The default value is 128.</summary>
    public int RelativeAttentionMaxDistance { get; init; } = 128;

    /// <summary>What the normalisations add to the mean square. The default value is 1e-6.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-6;

    /// <summary>The feed-forward parts: <c>gated-gelu</c>, with the approximation of gelu by tanh, or <c>relu</c> without a gate. The
    /// default value is <c>relu</c>; version 1.1, which diffusion models take, has the former.</summary>
    public string FeedForwardProj { get; init; } = "relu";

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object or a value is not of its option's kind.</exception>
    /// <exception cref="NotSupportedException">It is of another network, or sets an option to what is not supported; the message names
    /// it.</exception>
    public static T5EncoderConfig Read(string path) => From(JsonOptions.Open(path));

    internal static T5EncoderConfig From(JsonOptions options)
    {
        options.Require("model_type", "\"t5\"");
        foreach (string architecture in options.Texts("architectures", []))
        {
            // The encoder of the others is the same, and is all that is read of them.
            Option.OneOf("architectures", architecture, "T5EncoderModel", "T5ForConditionalGeneration", "T5Model");
        }

        var otherwise = new T5EncoderConfig();
        return new T5EncoderConfig
        {
            VocabSize = options.Integer("vocab_size", otherwise.VocabSize),
            DModel = options.Integer("d_model", otherwise.DModel),
            DKv = options.Integer("d_kv", otherwise.DKv),
            DFf = options.Integer("d_ff", otherwise.DFf),
            NumLayers = options.Integer("num_layers", otherwise.NumLayers),
            NumHeads = options.Integer("num_heads", otherwise.NumHeads),
            RelativeAttentionNumBuckets = options.Integer("relative_attention_num_buckets", otherwise.RelativeAttentionNumBuckets),
            RelativeAttentionMaxDistance = options.Integer("relative_attention_max_distance", otherwise.RelativeAttentionMaxDistance),
            LayerNormEpsilon = options.Number("layer_norm_epsilon", otherwise.LayerNormEpsilon),
            FeedForwardProj = options.Text("feed_forward_proj", otherwise.FeedForwardProj),
        };
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        Option.Positive("vocab_size", VocabSize);
        Option.Positive("d_model", DModel);
        Option.Positive("d_kv", DKv);
        Option.Positive("d_ff", DFf);
        Option.Positive("num_layers", NumLayers);
        Option.Positive("num_heads", NumHeads);
        Option.Positive("relative_attention_max_distance", RelativeAttentionMaxDistance);
        Option.OneOf("feed_forward_proj", FeedForwardProj, "gated-gelu", "relu");

        // A quarter of them, for the short distances of one direction, ends where the long ones begin.
        if (RelativeAttentionNumBuckets is < 4 or > 1024 || RelativeAttentionNumBuckets / 4 >= RelativeAttentionMaxDistance)
        {
            throw new ArgumentException(
                $"Got relative_attention_num_buckets {RelativeAttentionNumBuckets} and relative_attention_max_distance " +
                $"{RelativeAttentionMaxDistance}; expected 4 to 1024, and a distance above a quarter of them.");
        }
    }
}
