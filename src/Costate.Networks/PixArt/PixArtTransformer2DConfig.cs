namespace Costate.Networks;

/// <summary>
/// The shape of a <see cref="PixArtTransformer2DModel"/>, in the terms of the <c>config.json</c> of diffusers'
/// <c>PixArtTransformer2DModel</c>, and of
/// the <c>Transformer2DModel</c> that older files call it.
/// </summary>
/// <remarks>
/// Every property has the name and the default of the option it stands for: an option that a file leaves out has the default.
/// <see cref="Read"/> and the constructor of the network refuse values that are not supported by name; options that nobody knows are
/// listed in <see cref="IgnoredOptions"/>. Immutable.
/// </remarks>
public sealed record PixArtTransformer2DConfig
{
    /// <summary>The option <c>_class_name</c> of a configuration for this network.</summary>
    internal const string ClassName = "PixArtTransformer2DModel";

    /// <summary>What older files call it, with its kind in <c>norm_type</c>.</summary>
    internal const string OldClassName = "Transformer2DModel";
    private const string Kind = "ada_norm_single";

    /// <summary>Heads of the attention. The default value is 16.</summary>
    public int NumAttentionHeads { get; init; } = 16;

    /// <summary>Width of a head. The default value is 72.</summary>
    public int AttentionHeadDim { get; init; } = 72;

    /// <summary>Channels of the latents. The default value is 4.</summary>
    public int InChannels { get; init; } = 4;

    /// <summary>Channels of the prediction; twice those of the latents where the variance is learned too. The default value is 8.</summary>
    public int OutChannels { get; init; } = 8;

    /// <summary>Width of the text's vectors within the network. The default value is 1152.</summary>
    public int CrossAttentionDim { get; init; } = 1152;

    /// <summary>Width of the text's states, which are projected; null where they are not. The default value is null.</summary>
    public int? CaptionChannels { get; init; }

    /// <summary>By what places are divided; null for a 64th of the trained side, or 1. The default value is null.</summary>
    public double? InterpolationScale { get; init; }

    /// <summary>Whether the network is told the size of the picture and the ratio of its sides; null for whether it was trained for
    /// latents of
    /// 128. The default value is null.</summary>
    public bool? UseAdditionalConditions { get; init; }

    /// <summary>Whether it is told sizes.</summary>
    internal bool HasSizes => UseAdditionalConditions ?? SampleSize == 128;

    /// <summary>By what places are divided.</summary>
    internal double PlaceScale => InterpolationScale ?? Math.Max(SampleSize / 64, 1);

    /// <summary>Number of blocks. The default value is 28.</summary>
    public int NumLayers { get; init; } = 28;

    /// <summary>Side of the latents that the network was trained for. It takes others too. The default value is 128.</summary>
    public int SampleSize { get; init; } = 128;

    /// <summary>Side of a patch. The default value is 2.</summary>
    public int PatchSize { get; init; } = 2;

    /// <summary>What the normalisations of blocks add to the variance. The default value is 1e-6.</summary>
    public double NormEps { get; init; } = 1e-6;

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
    public static PixArtTransformer2DConfig Read(string path) => From(JsonOptions.Open(path));

    internal static PixArtTransformer2DConfig From(JsonOptions options)
    {
        options.RequireClass(ClassName, OldClassName);
        options.Require("norm_type", $"\"{Kind}\"");
        options.Require("activation_fn", "\"gelu-approximate\"");
        options.Require("attention_bias", "true");
        options.Require("attention_type", "\"default\"");
        options.RequireOff("norm_elementwise_affine", "upcast_attention", "only_cross_attention", "double_self_attention");

        // Of kinds that it is not, and of training.
        options.Ignore("norm_num_groups", "dropout", "num_vector_embeds", "use_linear_projection", "num_embeds_ada_norm");
        var otherwise = new PixArtTransformer2DConfig();
        int channels = options.Integer("in_channels", otherwise.InChannels);
        var config = new PixArtTransformer2DConfig
        {
            NumAttentionHeads = options.Integer("num_attention_heads", otherwise.NumAttentionHeads),
            AttentionHeadDim = options.Integer("attention_head_dim", otherwise.AttentionHeadDim),
            InChannels = channels,
            OutChannels = options.OptionalInteger("out_channels", otherwise.OutChannels) ?? channels,
            CrossAttentionDim = options.Integer("cross_attention_dim", otherwise.CrossAttentionDim),
            CaptionChannels = options.OptionalInteger("caption_channels"),
            InterpolationScale = options.OptionalNumber("interpolation_scale"),
            UseAdditionalConditions = options.OptionalFlag("use_additional_conditions"),
            NumLayers = options.Integer("num_layers", otherwise.NumLayers),
            SampleSize = options.Integer("sample_size", otherwise.SampleSize),
            PatchSize = options.Integer("patch_size", otherwise.PatchSize),
            NormEps = options.Number("norm_eps", otherwise.NormEps),
        };
        options.IgnoreNotesOfAverages();
        return config with { IgnoredOptions = options.Unread() };
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        Option.Positive("num_attention_heads", NumAttentionHeads);
        Option.Positive("attention_head_dim", AttentionHeadDim);
        Option.Positive("in_channels", InChannels);
        Option.Positive("out_channels", OutChannels);
        Option.Positive("num_layers", NumLayers);
        Option.Positive("sample_size", SampleSize);
        Option.Positive("patch_size", PatchSize);
        Option.Positive("cross_attention_dim", CrossAttentionDim);
        Option.Positive("caption_channels", CaptionChannels ?? 1);
        if (!(PlaceScale > 0))
        {
            throw new ArgumentException($"Got interpolation_scale {PlaceScale}; expected a number above 0.");
        }

        if (CaptionChannels is not null && CrossAttentionDim != Width)
        {
            throw new ArgumentException(
                $"Got cross_attention_dim {CrossAttentionDim} and {NumAttentionHeads} heads of {AttentionHeadDim}; " +
                "expected their product, which caption_channels are projected to.");
        }

        Option.Divides("patch_size", PatchSize, "sample_size", SampleSize);
        if (Width % (HasSizes ? 12 : 4) != 0)
        {
            throw new ArgumentException(
                $"Got num_attention_heads {NumAttentionHeads} of attention_head_dim {AttentionHeadDim}; " +
                "expected a product that 4, and 3 for sizes, divides.");
        }
    }
}
