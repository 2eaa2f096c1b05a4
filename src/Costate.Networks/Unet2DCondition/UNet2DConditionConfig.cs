namespace Costate.Networks;

/// <summary>
/// The shape of a <see cref="UNet2DConditionModel"/>, in the terms of the <c>config.json</c> of diffusers' <c>UNet2DConditionModel</c>.
/// </summary>
/// <remarks>
/// Every property has the name and the default of the option it stands for: an option that a file leaves out has the default.
/// <see cref="Read"/> and the constructor of the network refuse values that are not supported by name; options that nobody knows are
/// listed in <see cref="IgnoredOptions"/>. Where a list has a number for each level, a list of one stands for all. Immutable.
/// </remarks>
public sealed partial record UNet2DConditionConfig
{
    /// <summary>The option <c>_class_name</c> of a configuration for this network.</summary>
    internal const string ClassName = "UNet2DConditionModel";

    /// <summary>Height and width of the latents that the network was trained for, if known. It takes others too. The default value is
    /// null.</summary>
    public (int Height, int Width)? SampleSize { get; init; }

    /// <summary>Channels of the input: 4, or 9 for inpainting. The default value is 4.</summary>
    public int InChannels { get; init; } = 4;

    /// <summary>Channels of the prediction. The default value is 4.</summary>
    public int OutChannels { get; init; } = 4;

    /// <summary>Whether the input x is replaced by 2x - 1. The default value is false.</summary>
    public bool CenterInputSample { get; init; }

    /// <summary>Whether features of times have the cosines before the sines. The default value is true.</summary>
    public bool FlipSinToCos { get; init; } = true;

    /// <summary>Shift of the frequencies of these features. The default value is 0.</summary>
    public double FreqShift { get; init; }

    /// <summary>A block for each level, from the finest: <c>DownBlock2D</c> or <c>CrossAttnDownBlock2D</c>. The default is the latter
    /// three times, then the former.</summary>
    public IReadOnlyList<string> DownBlockTypes { get; init; } =
        ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"];

    /// <summary><c>UNetMidBlock2DCrossAttn</c>, or null for none. The default value is <c>UNetMidBlock2DCrossAttn</c>.</summary>
    public string? MidBlockType { get; init; } = "UNetMidBlock2DCrossAttn";

    /// <summary>A block for each level, from the coarsest: <c>UpBlock2D</c> or <c>CrossAttnUpBlock2D</c>. The default is the former,
    /// then the latter three times.</summary>
    public IReadOnlyList<string> UpBlockTypes { get; init; } =
        ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"];

    /// <summary>Whether positions attend to the text alone and not to each other, for each level. The default value is false.</summary>
    public IReadOnlyList<bool> OnlyCrossAttention { get; init; } = [false];

    /// <summary>Channels of each level, from the finest. The default value is 320, 640, 1280, 1280.</summary>
    public IReadOnlyList<int> BlockOutChannels { get; init; } = [320, 640, 1280, 1280];

    /// <summary>Residual blocks of each level on the way down; one more on the way up. The default value is 2.</summary>
    public IReadOnlyList<int> LayersPerBlock { get; init; } = [2];

    /// <summary>Padding of the convolutions that halve the resolution; 0 pads right and bottom alone. The default value is 1.</summary>
    public int DownsamplePadding { get; init; } = 1;

    /// <summary>By what the sums of the middle block's residual blocks are divided. The default value is 1.</summary>
    public double MidBlockScaleFactor { get; init; } = 1;

    /// <summary>Probability of dropout in the residual blocks in training mode. The default value is 0.</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// Activation of the residual blocks: <c>silu</c> (also called <c>swish</c>), <c>relu</c>, <c>gelu</c> or <c>mish</c>. The default
    /// value is <c>silu</c>.
    /// </summary>
    public string ActFn { get; init; } = "silu";

    /// <summary>Groups of the normalisations. The default value is 32.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>What the normalisations of residual blocks and the last one add to the variance. The default value is 1e-5.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>Width of the text's vectors for each level, all the same. The default value is 1280.</summary>
    public IReadOnlyList<int> CrossAttentionDim { get; init; } = [1280];

    /// <summary>Transformer blocks of each attention of each level. The default value is 1.</summary>
    public IReadOnlyList<int> TransformerLayersPerBlock { get; init; } = [1];

    /// <summary>
    /// The NUMBER of attention heads of each level, in spite of its name, which is that of the option (diffusers' issue 2011). The default
    /// value is 8.
    /// </summary>
    public IReadOnlyList<int> AttentionHeadDim { get; init; } = [8];

    /// <summary>Whether the projections around transformer blocks are linear layers rather than 1 x 1 convolutions: they compute the
    /// same. The default value is false.</summary>
    public bool UseLinearProjection { get; init; }

    /// <summary><c>text_time</c> for a network that is told a pooled text and sizes beside the text (SDXL); null for others. The default
    /// value is null.</summary>
    public string? AdditionEmbedType { get; init; }

    /// <summary>Features of each of the sizes; needed with <c>text_time</c>. The default value is null.</summary>
    public int? AdditionTimeEmbedDim { get; init; }

    /// <summary>Width of pooled text and features together; needed with <c>text_time</c>. The default value is null.</summary>
    public int? ProjectionClassEmbeddingsInputDim { get; init; }

    /// <summary>Whether a network of 16 bits attends in 32: scores may exceed the range of float16. The default value is false.</summary>
    public bool UpcastAttention { get; init; }

    /// <summary>
    /// How time enters a residual block: <c>default</c> adds it, <c>scale_shift</c> scales and shifts. The default value is <c>default</c>.
    /// </summary>
    public string ResnetTimeScaleShift { get; init; } = "default";

    /// <summary>Width of the time embedding; null for four times the first level's channels. The default value is null.</summary>
    public int? TimeEmbeddingDim { get; init; }

    /// <summary>Options of the file that this network does not know and that are not off. They have no effect.</summary>
    public IReadOnlyList<string> IgnoredOptions { get; init; } = [];

    /// <summary>Width of the time embedding.</summary>
    internal int TimeChannels => TimeEmbeddingDim ?? 4 * BlockOutChannels[0];

    /// <summary>Whether the network is told a pooled text and sizes.</summary>
    internal bool HasAddedConditions => AdditionEmbedType is not null;

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object, is of another network or a value is not of its option's
    /// kind.</exception>
    /// <exception cref="NotSupportedException">It sets an option to what is not supported; the message names it.</exception>
    public static UNet2DConditionConfig Read(string path) => From(JsonOptions.Open(path));

    /// <summary>A list's number for a level; a list of one stands for all.</summary>
    internal static T Of<T>(IReadOnlyList<T> list, int level) => list.Count == 1 ? list[0] : list[level];
}
