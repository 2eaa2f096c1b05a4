namespace Costate.Networks;

/// <summary>
/// The shape of an <see cref="AutoencoderKL"/>, in the terms of the <c>config.json</c> of diffusers' <c>AutoencoderKL</c>.
/// </summary>
/// <remarks>
/// Every property has the name and the default of the option it stands for: an option that a file leaves out has the default.
/// <see cref="Read"/> and the constructor of the network refuse values that are not supported by name; options that nobody knows are
/// listed in <see cref="IgnoredOptions"/>. Immutable.
/// </remarks>
public sealed record AutoencoderKLConfig
{
    /// <summary>The option <c>_class_name</c> of a configuration for this network.</summary>
    internal const string ClassName = "AutoencoderKL";

    /// <summary>Channels of an image to encode. The default value is 3.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of a decoded image. The default value is 3.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary><c>DownEncoderBlock2D</c> for each level, from the finest. The default is one.</summary>
    public IReadOnlyList<string> DownBlockTypes { get; init; } = ["DownEncoderBlock2D"];

    /// <summary><c>UpDecoderBlock2D</c> for each level, from the coarsest. The default is one.</summary>
    public IReadOnlyList<string> UpBlockTypes { get; init; } = ["UpDecoderBlock2D"];

    /// <summary>Channels of each level, from the finest. The default value is 64.</summary>
    public IReadOnlyList<int> BlockOutChannels { get; init; } = [64];

    /// <summary>Residual blocks of a level of the encoder; one more in the decoder. The default value is 1.</summary>
    public int LayersPerBlock { get; init; } = 1;

    /// <summary>
    /// Activation of the residual blocks: <c>silu</c> (also called <c>swish</c>), <c>relu</c>, <c>gelu</c> or <c>mish</c>. The default
    /// value is <c>silu</c>.
    /// </summary>
    public string ActFn { get; init; } = "silu";

    /// <summary>Channels of the latents: 4, or 16 for SD3 and Flux. The default value is 4.</summary>
    public int LatentChannels { get; init; } = 4;

    /// <summary>Groups of the normalisations. The default value is 32.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Height and width of the images that it was trained on. It takes others too. The default value is 32.</summary>
    public (int Height, int Width) SampleSize { get; init; } = (32, 32);

    /// <summary>What diffusion multiplies latents by. The default value is 0.18215.</summary>
    public double ScalingFactor { get; init; } = 0.18215;

    /// <summary>What it subtracts from them before. The default value is 0, for null.</summary>
    public double ShiftFactor { get; init; }

    /// <summary>Mean of each latent channel, in place of the shift; null for none. The default value is null.</summary>
    public IReadOnlyList<double>? LatentsMean { get; init; }

    /// <summary>Standard deviation of each latent channel; given with the mean. The default value is null.</summary>
    public IReadOnlyList<double>? LatentsStd { get; init; }

    /// <summary>
    /// Whether its numbers may exceed the range of float16 (SDXL's do, in the decoder): run it in float32 or bfloat16. It has no effect by
    /// itself. The default value is true.
    /// </summary>
    public bool ForceUpcast { get; init; } = true;

    /// <summary>Whether a 1 x 1 convolution follows the encoder; SD3 and Flux have none. The default value is true.</summary>
    public bool UseQuantConv { get; init; } = true;

    /// <summary>Whether a 1 x 1 convolution precedes the decoder; SD3 and Flux have none. The default value is true.</summary>
    public bool UsePostQuantConv { get; init; } = true;

    /// <summary>Whether the coarsest levels have attention. The default value is true.</summary>
    public bool MidBlockAddAttention { get; init; } = true;

    /// <summary>Options of the file that this network does not know and that are not off. They have no effect.</summary>
    public IReadOnlyList<string> IgnoredOptions { get; init; } = [];

    /// <summary>Pixels of the image for each one of the latents, along a side.</summary>
    internal int Factor => 1 << (BlockOutChannels.Count - 1);

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object, is of another network or a value is not of its option's
    /// kind.</exception>
    /// <exception cref="NotSupportedException">It sets an option to what is not supported; the message names it.</exception>
    public static AutoencoderKLConfig Read(string path) => From(JsonOptions.Open(path));

    internal static AutoencoderKLConfig From(JsonOptions options)
    {
        options.RequireClass(ClassName);
        var otherwise = new AutoencoderKLConfig();
        var config = new AutoencoderKLConfig
        {
            InChannels = options.Integer("in_channels", otherwise.InChannels),
            OutChannels = options.Integer("out_channels", otherwise.OutChannels),
            DownBlockTypes = options.Texts("down_block_types", otherwise.DownBlockTypes),
            UpBlockTypes = options.Texts("up_block_types", otherwise.UpBlockTypes),
            BlockOutChannels = options.Integers("block_out_channels", otherwise.BlockOutChannels),
            LayersPerBlock = options.Integer("layers_per_block", otherwise.LayersPerBlock),
            ActFn = options.Text("act_fn", otherwise.ActFn),
            LatentChannels = options.Integer("latent_channels", otherwise.LatentChannels),
            NormNumGroups = options.Integer("norm_num_groups", otherwise.NormNumGroups),
            SampleSize = options.Size("sample_size") ?? otherwise.SampleSize,
            ScalingFactor = options.Number("scaling_factor", otherwise.ScalingFactor),
            ShiftFactor = options.Number("shift_factor", otherwise.ShiftFactor),
            LatentsMean = options.OptionalNumbers("latents_mean"),
            LatentsStd = options.OptionalNumbers("latents_std"),
            ForceUpcast = options.Flag("force_upcast", otherwise.ForceUpcast),
            UseQuantConv = options.Flag("use_quant_conv", otherwise.UseQuantConv),
            UsePostQuantConv = options.Flag("use_post_quant_conv", otherwise.UsePostQuantConv),
            MidBlockAddAttention = options.Flag("mid_block_add_attention", otherwise.MidBlockAddAttention),
        };
        options.IgnoreNotesOfAverages();
        return config with { IgnoredOptions = options.Unread() };
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        Option.Positive("in_channels", InChannels);
        Option.Positive("out_channels", OutChannels);
        Option.Positive("latent_channels", LatentChannels);
        Option.Positive("block_out_channels", BlockOutChannels);
        Option.Count("down_block_types", DownBlockTypes.Count, "block_out_channels", BlockOutChannels.Count);
        Option.Count("up_block_types", UpBlockTypes.Count, "block_out_channels", BlockOutChannels.Count);
        Option.Positive("layers_per_block", LayersPerBlock);
        Option.Positive("norm_num_groups", NormNumGroups);
        Option.Count("latents_mean", LatentsMean?.Count ?? LatentChannels, "latent_channels", LatentChannels);
        Option.Count("latents_std", LatentsStd?.Count ?? LatentChannels, "latent_channels", LatentChannels);
        foreach ((string down, string up) in DownBlockTypes.Zip(UpBlockTypes))
        {
            Option.OneOf("down_block_types", down, "DownEncoderBlock2D");
            Option.OneOf("up_block_types", up, "UpDecoderBlock2D");
        }

        foreach (int channels in BlockOutChannels)
        {
            Option.Divides("norm_num_groups", NormNumGroups, "block_out_channels", channels);
        }

        if (!(double.IsFinite(ScalingFactor) && ScalingFactor != 0 && double.IsFinite(ShiftFactor)))
        {
            throw new ArgumentException(
                $"Got scaling_factor {ScalingFactor} and shift_factor {ShiftFactor}; expected finite numbers, the first not 0.");
        }

        if (LatentsMean is null != LatentsStd is null || (LatentsStd?.Any(deviation => deviation is not > 0) ?? false))
        {
            throw new ArgumentException("Got latents_mean and latents_std of which one is missing or not positive; expected both or none.");
        }
    }
}
