namespace Costate.Networks;

/// <summary>The shape of a <see cref="UNet2DModel"/>, in the terms of the <c>config.json</c> of diffusers' <c>UNet2DModel</c>.</summary>
/// <remarks>
/// Every property has the name and the default of the option it stands for. Supported are the options listed here with the
/// values named; <see cref="Read"/> and the constructor of the network refuse all others by name. Immutable.
/// </remarks>
public sealed record UNet2DConfig
{
    /// <summary>The option <c>_class_name</c> of a configuration for this network.</summary>
    internal const string ClassName = "UNet2DModel";

    /// <summary>Height and width that the network was trained for, if known. It takes others too. The default value is null.</summary>
    public (int Height, int Width)? SampleSize { get; init; }

    /// <summary>Channels of the input. The default value is 3.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the prediction. The default value is 3.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>Whether the input x is replaced by 2x - 1. The default value is false.</summary>
    public bool CenterInputSample { get; init; }

    /// <summary>
    /// <c>positional</c>, or <c>fourier</c> for a network of the logarithm of the noise level, whose prediction is divided by that level.
    /// The default value is <c>positional</c>.
    /// </summary>
    public string TimeEmbeddingType { get; init; } = "positional";

    /// <summary>Width of the time embedding; null for four times the first level's channels. The default value is null.</summary>
    public int? TimeEmbeddingDim { get; init; }

    /// <summary>Shift of the positional embedding's frequencies. The default value is 0.</summary>
    public double FreqShift { get; init; }

    /// <summary>Whether the positional embedding has the cosines before the sines. The default value is true.</summary>
    public bool FlipSinToCos { get; init; } = true;

    /// <summary>A block for each level, from the finest: <c>DownBlock2D</c> or <c>AttnDownBlock2D</c>.</summary>
    public IReadOnlyList<string> DownBlockTypes { get; init; } = ["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"];

    /// <summary><c>UNetMidBlock2D</c>, or null for none. The default value is <c>UNetMidBlock2D</c>.</summary>
    public string? MidBlockType { get; init; } = "UNetMidBlock2D";

    /// <summary>A block for each level, from the coarsest: <c>UpBlock2D</c> or <c>AttnUpBlock2D</c>.</summary>
    public IReadOnlyList<string> UpBlockTypes { get; init; } = ["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"];

    /// <summary>Channels of each level, from the finest. The default value is 224, 448, 672, 896.</summary>
    public IReadOnlyList<int> BlockOutChannels { get; init; } = [224, 448, 672, 896];

    /// <summary>Residual blocks of a level on the way down; one more on the way up. The default value is 2.</summary>
    public int LayersPerBlock { get; init; } = 2;

    /// <summary>By what the sums of the middle block are divided. The default value is 1.</summary>
    public double MidBlockScaleFactor { get; init; } = 1;

    /// <summary>Padding of the convolutions that halve the resolution; 0 pads right and bottom alone. The default value is 1.</summary>
    public int DownsamplePadding { get; init; } = 1;

    /// <summary>Probability of dropout in training mode. The default value is 0.</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// Activation of the residual blocks: <c>silu</c> (also called <c>swish</c>), <c>relu</c>, <c>gelu</c> or <c>mish</c>. The default
    /// value is <c>silu</c>.
    /// </summary>
    public string ActFn { get; init; } = "silu";

    /// <summary>Channels of an attention head; null for a single head. The default value is 8.</summary>
    public int? AttentionHeadDim { get; init; } = 8;

    /// <summary>Groups of the normalisations. The default value is 32.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>
    /// Groups of the normalisation before the middle block's attention; null for <see cref="NormNumGroups"/>, or for no
    /// normalisation where <see cref="ResnetTimeScaleShift"/> is <c>scale_shift</c>. The default value is null.
    /// </summary>
    public int? AttnNormNumGroups { get; init; }

    /// <summary>What the normalisations add to the variance. The default value is 1e-5.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>
    /// How time enters a residual block: <c>default</c> adds it, <c>scale_shift</c> scales and shifts. The default value is <c>default</c>.
    /// </summary>
    public string ResnetTimeScaleShift { get; init; } = "default";

    /// <summary>Whether the middle block has attention. The default value is true.</summary>
    public bool AddAttention { get; init; } = true;

    /// <summary>
    /// How class labels are embedded: null (a table of <see cref="NumClassEmbeds"/>), <c>timestep</c> (like a time) or <c>identity</c> (the
    /// label is the embedding). The default value is null.
    /// </summary>
    public string? ClassEmbedType { get; init; }

    /// <summary>Number of classes; null for a network without. The default value is null.</summary>
    public int? NumClassEmbeds { get; init; }

    /// <summary>Width of the time embedding.</summary>
    internal int TimeChannels => TimeEmbeddingDim ?? 4 * BlockOutChannels[0];

    /// <summary>Whether the network takes class labels.</summary>
    internal bool HasClasses => ClassEmbedType is not null || NumClassEmbeds is not null;

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object, is of another network or a value is not of its option's
    /// kind.</exception>
    /// <exception cref="NotSupportedException">It sets an option that is not supported; the message names it.</exception>
    public static UNet2DConfig Read(string path)
    {
        JsonOptions options = JsonOptions.Open(path);
        options.RequireClass(ClassName);
        var otherwise = new UNet2DConfig();
        var config = new UNet2DConfig
        {
            SampleSize = options.Size("sample_size"),
            InChannels = options.Integer("in_channels", otherwise.InChannels),
            OutChannels = options.Integer("out_channels", otherwise.OutChannels),
            CenterInputSample = options.Flag("center_input_sample", otherwise.CenterInputSample),
            TimeEmbeddingType = options.Text("time_embedding_type", otherwise.TimeEmbeddingType),
            TimeEmbeddingDim = options.OptionalInteger("time_embedding_dim"),
            FreqShift = options.Number("freq_shift", otherwise.FreqShift),
            FlipSinToCos = options.Flag("flip_sin_to_cos", otherwise.FlipSinToCos),
            DownBlockTypes = options.Texts("down_block_types", otherwise.DownBlockTypes),
            MidBlockType = options.OptionalText("mid_block_type", otherwise.MidBlockType),
            UpBlockTypes = options.Texts("up_block_types", otherwise.UpBlockTypes),
            BlockOutChannels = options.Integers("block_out_channels", otherwise.BlockOutChannels),
            LayersPerBlock = options.Integer("layers_per_block", otherwise.LayersPerBlock),
            MidBlockScaleFactor = options.Number("mid_block_scale_factor", otherwise.MidBlockScaleFactor),
            DownsamplePadding = options.Integer("downsample_padding", otherwise.DownsamplePadding),
            Dropout = options.Number("dropout", otherwise.Dropout),
            ActFn = options.Text("act_fn", otherwise.ActFn),
            AttentionHeadDim = options.OptionalInteger("attention_head_dim", otherwise.AttentionHeadDim),
            NormNumGroups = options.Integer("norm_num_groups", otherwise.NormNumGroups),
            AttnNormNumGroups = options.OptionalInteger("attn_norm_num_groups"),
            NormEps = options.Number("norm_eps", otherwise.NormEps),
            ResnetTimeScaleShift = options.Text("resnet_time_scale_shift", otherwise.ResnetTimeScaleShift),
            AddAttention = options.Flag("add_attention", otherwise.AddAttention),
            ClassEmbedType = options.OptionalText("class_embed_type", null),
            NumClassEmbeds = options.OptionalInteger("num_class_embeds"),
        };
        options.Require("downsample_type", "\"conv\"");
        options.Require("upsample_type", "\"conv\"");
        options.Ignore("num_train_timesteps"); // of the learned time embedding, which is refused
        options.IgnoreNotesOfAverages();
        options.RefuseUnread();
        return config;
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        Option.Positive("in_channels", InChannels);
        Option.Positive("out_channels", OutChannels);
        Option.Positive("block_out_channels", BlockOutChannels);
        Option.Count("down_block_types", DownBlockTypes.Count, "block_out_channels", BlockOutChannels.Count);
        Option.Count("up_block_types", UpBlockTypes.Count, "block_out_channels", BlockOutChannels.Count);
        Option.Positive("layers_per_block", LayersPerBlock);
        Option.Positive("time_embedding_dim", TimeChannels);
        Option.Positive("norm_num_groups", NormNumGroups);
        Option.Positive("attention_head_dim", AttentionHeadDim ?? 1);
        Option.Positive("num_class_embeds", NumClassEmbeds ?? 1);
        Option.Probability("dropout", Dropout);
        Option.OneOf("time_embedding_type", TimeEmbeddingType, "positional", "fourier");
        Option.OneOf("mid_block_type", MidBlockType, "UNetMidBlock2D", null);
        Option.OneOf("resnet_time_scale_shift", ResnetTimeScaleShift, "default", "scale_shift");
        Option.OneOf("class_embed_type", ClassEmbedType, null, "timestep", "identity");
        foreach ((string down, string up) in DownBlockTypes.Zip(UpBlockTypes))
        {
            Option.OneOf("down_block_types", down, "DownBlock2D", "AttnDownBlock2D");
            Option.OneOf("up_block_types", up, "UpBlock2D", "AttnUpBlock2D");
        }

        for (int level = 0; level < BlockOutChannels.Count; level++)
        {
            int channels = BlockOutChannels[level];
            Option.Divides("norm_num_groups", NormNumGroups, "block_out_channels", channels);
            if (HasAttention(level) && AttentionHeadDim > channels)
            {
                throw new ArgumentException(
                    $"Got attention_head_dim {AttentionHeadDim} and attention of {channels} channels; expected no more than these.");
            }
        }

        Option.Positive("attn_norm_num_groups", AttnNormNumGroups ?? 1);
        Option.Divides("attn_norm_num_groups", AttnNormNumGroups ?? 1, "block_out_channels", BlockOutChannels[^1]);
        if (DownsamplePadding is < 0 or > 1)
        {
            throw new NotSupportedException($"Got downsample_padding {DownsamplePadding}, which is not supported; expected 0 or 1.");
        }
    }

    private bool HasAttention(int level) =>
        DownBlockTypes[level] == "AttnDownBlock2D"
        || UpBlockTypes[^(level + 1)] == "AttnUpBlock2D"
        || (level == BlockOutChannels.Count - 1 && MidBlockType is not null && AddAttention);
}
