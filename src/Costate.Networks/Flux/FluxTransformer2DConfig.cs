namespace Costate.Networks;

/// <summary>
/// The shape of a <see cref="FluxTransformer2DModel"/>, in the terms of the <c>config.json</c> of diffusers'
/// <c>FluxTransformer2DModel</c>.
/// </summary>
/// <remarks>
/// Every property has the name and the default of the option it stands for: an option that a file leaves out has the default.
/// <see cref="Read"/> and the constructor of the network refuse values that are not supported by name; options that nobody knows are
/// listed in <see cref="IgnoredOptions"/>. Immutable.
/// </remarks>
public sealed record FluxTransformer2DConfig
{
    /// <summary>The option <c>_class_name</c> of a configuration for this network.</summary>
    internal const string ClassName = "FluxTransformer2DModel";

    /// <summary>Side of a patch within the network; latents are packed before it. The default value is 1.</summary>
    public int PatchSize { get; init; } = 1;

    /// <summary>Channels of the packed latents: four times those of the latents. The default value is 64.</summary>
    public int InChannels { get; init; } = 64;

    /// <summary>Channels of the prediction; null for those of the input. The default value is null.</summary>
    public int? OutChannels { get; init; }

    /// <summary>Blocks in which text and image have weights of their own. The default value is 19.</summary>
    public int NumLayers { get; init; } = 19;

    /// <summary>Blocks in which they share them. The default value is 38.</summary>
    public int NumSingleLayers { get; init; } = 38;

    /// <summary>Width of a head. The default value is 128.</summary>
    public int AttentionHeadDim { get; init; } = 128;

    /// <summary>Heads of the attention. The default value is 24.</summary>
    public int NumAttentionHeads { get; init; } = 24;

    /// <summary>Width of the text's states. The default value is 4096.</summary>
    public int JointAttentionDim { get; init; } = 4096;

    /// <summary>Width of the pooled text. The default value is 768.</summary>
    public int PooledProjectionDim { get; init; } = 768;

    /// <summary>Whether the network is told a guidance scale, which it was distilled with (FLUX.1-dev). The default value is
    /// false.</summary>
    public bool GuidanceEmbeds { get; init; }

    /// <summary>How many entries of a head turn by each of the three axes of places, even numbers that add up to a head. The default
    /// value is
    /// 16, 56, 56.</summary>
    public IReadOnlyList<int> AxesDimsRope { get; init; } = [16, 56, 56];

    /// <summary>Options of the file that this network does not know and that are not off. They have no effect.</summary>
    public IReadOnlyList<string> IgnoredOptions { get; init; } = [];

    /// <summary>Width of the vectors.</summary>
    internal int Width => NumAttentionHeads * AttentionHeadDim;

    /// <summary>Channels of the prediction of a position.</summary>
    internal int PredictedChannels => PatchSize * PatchSize * (OutChannels ?? InChannels);

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object, is of another network or a value is not of its option's
    /// kind.</exception>
    /// <exception cref="NotSupportedException">It sets an option to what is not supported; the message names it.</exception>
    public static FluxTransformer2DConfig Read(string path) => From(JsonOptions.Open(path));

    internal static FluxTransformer2DConfig From(JsonOptions options)
    {
        options.RequireClass(ClassName);
        var otherwise = new FluxTransformer2DConfig();
        var config = new FluxTransformer2DConfig
        {
            PatchSize = options.Integer("patch_size", otherwise.PatchSize),
            InChannels = options.Integer("in_channels", otherwise.InChannels),
            OutChannels = options.OptionalInteger("out_channels"),
            NumLayers = options.Integer("num_layers", otherwise.NumLayers),
            NumSingleLayers = options.Integer("num_single_layers", otherwise.NumSingleLayers),
            AttentionHeadDim = options.Integer("attention_head_dim", otherwise.AttentionHeadDim),
            NumAttentionHeads = options.Integer("num_attention_heads", otherwise.NumAttentionHeads),
            JointAttentionDim = options.Integer("joint_attention_dim", otherwise.JointAttentionDim),
            PooledProjectionDim = options.Integer("pooled_projection_dim", otherwise.PooledProjectionDim),
            GuidanceEmbeds = options.Flag("guidance_embeds", otherwise.GuidanceEmbeds),
            AxesDimsRope = options.Integers("axes_dims_rope", otherwise.AxesDimsRope),
        };
        options.IgnoreNotesOfAverages();
        return config with { IgnoredOptions = options.Unread() };
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        Option.Positive("patch_size", PatchSize);
        Option.Positive("in_channels", InChannels);
        Option.Positive("out_channels", OutChannels ?? InChannels);
        Option.Positive("num_layers", NumLayers);
        Option.Positive("num_single_layers", NumSingleLayers);
        Option.Positive("attention_head_dim", AttentionHeadDim);
        Option.Positive("num_attention_heads", NumAttentionHeads);
        Option.Positive("joint_attention_dim", JointAttentionDim);
        Option.Positive("pooled_projection_dim", PooledProjectionDim);
        Option.Positive("axes_dims_rope", AxesDimsRope);
        if (AxesDimsRope.Count != 3 || AxesDimsRope.Any(width => width % 2 != 0) || AxesDimsRope.Sum() != AttentionHeadDim)
        {
            throw new ArgumentException(
                $"Got axes_dims_rope {string.Join(", ", AxesDimsRope)} and attention_head_dim {AttentionHeadDim}; expected three even " +
                "numbers that add up to it.");
        }
    }
}
