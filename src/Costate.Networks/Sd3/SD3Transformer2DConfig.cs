namespace Costate.Networks;

/// <summary>
/// The shape of an <see cref="SD3Transformer2DModel"/>, in the terms of the <c>config.json</c> of diffusers' <c>SD3Transformer2DModel</c>.
/// </summary>
/// <remarks>
/// Every property has the name and the default of the option it stands for: an option that a file leaves out has the default.
/// <see cref="Read"/> and the constructor of the network refuse values that are not supported by name; options that nobody knows are
/// listed in <see cref="IgnoredOptions"/>. Immutable.
/// </remarks>
public sealed record SD3Transformer2DConfig
{
    /// <summary>The option <c>_class_name</c> of a configuration for this network.</summary>
    internal const string ClassName = "SD3Transformer2DModel";

    /// <summary>Side of the latents that the network was trained for. It takes others too. The default value is 128.</summary>
    public int SampleSize { get; init; } = 128;

    /// <summary>Side of a patch. The default value is 2.</summary>
    public int PatchSize { get; init; } = 2;

    /// <summary>Channels of the latents. The default value is 16.</summary>
    public int InChannels { get; init; } = 16;

    /// <summary>Channels of the prediction. The default value is 16.</summary>
    public int OutChannels { get; init; } = 16;

    /// <summary>Number of blocks. The default value is 18.</summary>
    public int NumLayers { get; init; } = 18;

    /// <summary>Width of a head. The default value is 64.</summary>
    public int AttentionHeadDim { get; init; } = 64;

    /// <summary>Heads of the attention. The default value is 18.</summary>
    public int NumAttentionHeads { get; init; } = 18;

    /// <summary>Width of the text's states. The default value is 4096.</summary>
    public int JointAttentionDim { get; init; } = 4096;

    /// <summary>Width of the text within the network, that of all heads. The default value is 1152.</summary>
    public int CaptionProjectionDim { get; init; } = 1152;

    /// <summary>Width of the pooled text. The default value is 2048.</summary>
    public int PooledProjectionDim { get; init; } = 2048;

    /// <summary>Side of the table of places, in patches: of larger latents there is none. The default value is 96.</summary>
    public int PosEmbedMaxSize { get; init; } = 96;

    /// <summary>Blocks with a second attention, among the image alone (SD3.5-medium). The default is none.</summary>
    public IReadOnlyList<int> DualAttentionLayers { get; init; } = [];

    /// <summary><c>rms_norm</c> where queries and keys are normalised (SD3.5), or null. The default value is null.</summary>
    public string? QkNorm { get; init; }

    /// <summary>Options of the file that this network does not know and that are not off. They have no effect.</summary>
    public IReadOnlyList<string> IgnoredOptions { get; init; } = [];

    /// <summary>Width of the vectors.</summary>
    internal int Width => NumAttentionHeads * AttentionHeadDim;

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object, is of another network or a value is not of its option's
    /// kind.</exception>
    /// <exception cref="NotSupportedException">It sets an option to what is not supported; the message names it.</exception>
    public static SD3Transformer2DConfig Read(string path) => From(JsonOptions.Open(path));

    internal static SD3Transformer2DConfig From(JsonOptions options)
    {
        options.RequireClass(ClassName);
        var otherwise = new SD3Transformer2DConfig();
        int channels = options.Integer("in_channels", otherwise.InChannels);
        var config = new SD3Transformer2DConfig
        {
            SampleSize = options.Integer("sample_size", otherwise.SampleSize),
            PatchSize = options.Integer("patch_size", otherwise.PatchSize),
            InChannels = channels,
            OutChannels = options.OptionalInteger("out_channels", otherwise.OutChannels) ?? channels,
            NumLayers = options.Integer("num_layers", otherwise.NumLayers),
            AttentionHeadDim = options.Integer("attention_head_dim", otherwise.AttentionHeadDim),
            NumAttentionHeads = options.Integer("num_attention_heads", otherwise.NumAttentionHeads),
            JointAttentionDim = options.Integer("joint_attention_dim", otherwise.JointAttentionDim),
            CaptionProjectionDim = options.Integer("caption_projection_dim", otherwise.CaptionProjectionDim),
            PooledProjectionDim = options.Integer("pooled_projection_dim", otherwise.PooledProjectionDim),
            PosEmbedMaxSize = options.Integer("pos_embed_max_size", otherwise.PosEmbedMaxSize),
            DualAttentionLayers = options.Integers("dual_attention_layers", otherwise.DualAttentionLayers),
            QkNorm = options.OptionalText("qk_norm", otherwise.QkNorm),
        };
        options.IgnoreNotesOfAverages();
        return config with { IgnoredOptions = options.Unread() };
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        Option.Positive("sample_size", SampleSize);
        Option.Positive("patch_size", PatchSize);
        Option.Positive("in_channels", InChannels);
        Option.Positive("out_channels", OutChannels);
        Option.Positive("num_layers", NumLayers);
        Option.Positive("attention_head_dim", AttentionHeadDim);
        Option.Positive("num_attention_heads", NumAttentionHeads);
        Option.Positive("joint_attention_dim", JointAttentionDim);
        Option.Positive("pooled_projection_dim", PooledProjectionDim);
        Option.Positive("pos_embed_max_size", PosEmbedMaxSize);
        Option.OneOf("qk_norm", QkNorm, null, "rms_norm");
        Option.Divides("patch_size", PatchSize, "sample_size", SampleSize);
        if (CaptionProjectionDim != Width || Width % 4 != 0)
        {
            throw new ArgumentException(
                $"Got caption_projection_dim {CaptionProjectionDim} and {NumAttentionHeads} heads of {AttentionHeadDim}; expected their " +
                "product, a multiple of 4.");
        }

        if (DualAttentionLayers.Any(layer => layer < 0 || layer >= NumLayers))
        {
            throw new ArgumentException(
                $"Got dual_attention_layers {string.Join(", ", DualAttentionLayers)} for {NumLayers} layers; expected numbers below that.");
        }
    }
}
