namespace Costate.Networks;

/// <summary>The shape of a <see cref="DiffusionAutoencoder"/>, in the terms of the configuration of DiffAE's published code.</summary>
/// <remarks>
/// Every property has the name of the option it stands for. Options that only say how a network is trained or stored are
/// passed over; others that are not listed here are refused by name. Immutable.
/// </remarks>
public sealed record DiffusionAutoencoderConfig
{
    /// <summary>The autoencoder published for faces of 256 x 256 pixels (FFHQ).</summary>
    public static DiffusionAutoencoderConfig Ffhq256 { get; } = new()
    {
        ImageSize = 256,
        ModelChannels = 128,
        ChannelMult = [1, 1, 2, 2, 4, 4],
        EncChannelMult = [1, 1, 2, 2, 4, 4, 4],
    };

    /// <summary>Height and width of the images; attention is placed by it. The default value is 64.</summary>
    public int ImageSize { get; init; } = 64;

    /// <summary>Channels of the input. The default value is 3.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels that the levels' multipliers multiply. The default value is 64.</summary>
    public int ModelChannels { get; init; } = 64;

    /// <summary>Channels of the prediction. The default value is 3.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>Residual blocks of a level on the way down; one more on the way up. The default value is 2.</summary>
    public int NumResBlocks { get; init; } = 2;

    /// <summary>Residual blocks of a level on the way down if not <see cref="NumResBlocks"/>. The default value is null.</summary>
    public int? NumInputResBlocks { get; init; }

    /// <summary>Width of the time embedding. The default value is 512.</summary>
    public int EmbedChannels { get; init; } = 512;

    /// <summary>The resolutions whose residual blocks are followed by attention. The default value is 16.</summary>
    public IReadOnlyList<int> AttentionResolutions { get; init; } = [16];

    /// <summary>Probability of dropout in training mode. The default value is 0.1.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Multipliers of the levels' channels, from the finest. The default value is 1, 2, 4, 8.</summary>
    public IReadOnlyList<int> ChannelMult { get; init; } = [1, 2, 4, 8];

    /// <summary>Multipliers on the way down if not <see cref="ChannelMult"/>; as many. The default value is null.</summary>
    public IReadOnlyList<int>? InputChannelMult { get; init; }

    /// <summary>Whether resolution changes by convolutions, where it does not by residual blocks. The default value is true.</summary>
    public bool ConvResample { get; init; } = true;

    /// <summary>Heads of attention. The default value is 1.</summary>
    public int NumHeads { get; init; } = 1;

    /// <summary>Channels of a head, which then decide their number; -1 for <see cref="NumHeads"/>. The default value is -1.</summary>
    public int NumHeadChannels { get; init; } = -1;

    /// <summary>Heads of attention on the way up; -1 for <see cref="NumHeads"/>. The default value is -1.</summary>
    public int NumHeadsUpsample { get; init; } = -1;

    /// <summary>Whether resolution changes in residual blocks. The default value is true.</summary>
    public bool ResblockUpdown { get; init; } = true;

    /// <summary>
    /// Whether attention's channels are split into q, k and v before heads rather than after. The default value is false.
    /// </summary>
    public bool UseNewAttentionOrder { get; init; }

    /// <summary>
    /// Width of the semantic code as the residual blocks take it; null for <see cref="EmbedChannels"/>. The default value is null.
    /// </summary>
    public int? ResnetCondChannels { get; init; }

    /// <summary>Whether the last convolutions of a new network begin at zero. The default value is true.</summary>
    public bool ResnetUseZeroModule { get; init; } = true;

    /// <summary>Width of the semantic code. The default value is 512.</summary>
    public int EncOutChannels { get; init; } = 512;

    /// <summary>
    /// The resolutions of the encoder with attention; null for <see cref="AttentionResolutions"/>. The default value is null.
    /// </summary>
    public IReadOnlyList<int>? EncAttnResolutions { get; init; }

    /// <summary>
    /// How the encoder pools: <c>adaptivenonzero</c> or, beginning at zero, <c>adaptive</c>. The default value is <c>adaptivenonzero</c>.
    /// </summary>
    public string EncPool { get; init; } = "adaptivenonzero";

    /// <summary>Residual blocks of a level of the encoder. The default value is 2.</summary>
    public int EncNumResBlock { get; init; } = 2;

    /// <summary>Multipliers of the encoder's channels; null for <see cref="ChannelMult"/>. The default value is null.</summary>
    public IReadOnlyList<int>? EncChannelMult { get; init; }

    /// <summary>Reads a configuration.</summary>
    /// <param name="path">The file, a JSON object.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object, or a value is not of its option's kind.</exception>
    /// <exception cref="NotSupportedException">It sets an option that is not supported; the message names it.</exception>
    public static DiffusionAutoencoderConfig Read(string path)
    {
        JsonOptions options = JsonOptions.Open(path);
        DiffusionAutoencoderConfig config = From(options);
        options.RefuseUnread();
        return config;
    }

    /// <summary>Takes what it knows from options, among which there may be others.</summary>
    internal static DiffusionAutoencoderConfig From(JsonOptions options)
    {
        var otherwise = new DiffusionAutoencoderConfig();
        var config = new DiffusionAutoencoderConfig
        {
            ImageSize = options.Integer("image_size", otherwise.ImageSize),
            InChannels = options.Integer("in_channels", otherwise.InChannels),
            ModelChannels = options.Integer("model_channels", otherwise.ModelChannels),
            OutChannels = options.Integer("out_channels", otherwise.OutChannels),
            NumResBlocks = options.Integer("num_res_blocks", otherwise.NumResBlocks),
            NumInputResBlocks = options.OptionalInteger("num_input_res_blocks"),
            EmbedChannels = options.Integer("embed_channels", otherwise.EmbedChannels),
            AttentionResolutions = options.Integers("attention_resolutions", otherwise.AttentionResolutions),
            Dropout = options.Number("dropout", otherwise.Dropout),
            ChannelMult = options.Integers("channel_mult", otherwise.ChannelMult),
            InputChannelMult = options.OptionalIntegers("input_channel_mult"),
            ConvResample = options.Flag("conv_resample", otherwise.ConvResample),
            NumHeads = options.Integer("num_heads", otherwise.NumHeads),
            NumHeadChannels = options.Integer("num_head_channels", otherwise.NumHeadChannels),
            NumHeadsUpsample = options.Integer("num_heads_upsample", otherwise.NumHeadsUpsample),
            ResblockUpdown = options.Flag("resblock_updown", otherwise.ResblockUpdown),
            UseNewAttentionOrder = options.Flag("use_new_attention_order", otherwise.UseNewAttentionOrder),
            ResnetCondChannels = options.OptionalInteger("resnet_cond_channels"),
            ResnetUseZeroModule = options.Flag("resnet_use_zero_module", otherwise.ResnetUseZeroModule),
            EncOutChannels = options.Integer("enc_out_channels", otherwise.EncOutChannels),
            EncAttnResolutions = options.OptionalIntegers("enc_attn_resolutions"),
            EncPool = options.Text("enc_pool", otherwise.EncPool),
            EncNumResBlock = options.Integer("enc_num_res_block", otherwise.EncNumResBlock),
            EncChannelMult = options.OptionalIntegers("enc_channel_mult"),
        };
        options.Require("dims", "2");
        options.Require("resnet_two_cond", "true");

        // The last has no effect in this layout: the time embedding is as wide as the model's channels.
        options.Ignore("use_checkpoint", "attn_checkpoint", "enc_grad_checkpoint", "time_embed_channels");
        return config;
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        Option.Positive("image_size", ImageSize);
        Option.Positive("in_channels", InChannels);
        Option.Positive("model_channels", ModelChannels);
        Option.Positive("out_channels", OutChannels);
        Option.Positive("num_res_blocks", NumResBlocks);
        Option.Positive("num_input_res_blocks", NumInputResBlocks ?? 1);
        Option.Positive("embed_channels", EmbedChannels);
        Option.Positive("enc_out_channels", EncOutChannels);
        Option.Positive("enc_num_res_block", EncNumResBlock);
        Option.Probability("dropout", Dropout);
        Option.OneOf("enc_pool", EncPool, "adaptivenonzero", "adaptive");
        Levels("channel_mult", ChannelMult);
        Levels("input_channel_mult", InputChannelMult ?? ChannelMult);
        Levels("enc_channel_mult", EncChannelMult ?? ChannelMult);
        Option.Count("input_channel_mult", InputChannelMult?.Count ?? ChannelMult.Count, "channel_mult", ChannelMult.Count);
        if ((ResnetCondChannels ?? EmbedChannels) != EncOutChannels)
        {
            throw new ArgumentException(
                $"Got enc_out_channels {EncOutChannels} and residual blocks that take codes of {ResnetCondChannels ?? EmbedChannels} "
                    + "(resnet_cond_channels, or else embed_channels); expected the same.");
        }
    }

    private void Levels(string name, IReadOnlyList<int> multipliers)
    {
        Option.Positive(name, multipliers);
        foreach (int multiplier in multipliers)
        {
            int channels = checked(multiplier * ModelChannels);
            Option.Positive($"{name} times model_channels", channels);
            Option.Divides("normalisation groups", GroupNormalization.Groups(channels), $"{name} times model_channels", channels);
            Heads("num_heads", NumHeads, name, channels);
            Heads("num_heads_upsample", NumHeadsUpsample == -1 ? NumHeads : NumHeadsUpsample, name, channels);
            if (NumHeadChannels != -1)
            {
                Heads("num_head_channels", NumHeadChannels, name, channels);
            }
        }
    }

    private static void Heads(string name, int value, string multipliers, int channels)
    {
        Option.Positive(name, value);
        Option.Divides(name, value, $"{multipliers} times model_channels", channels);
    }
}
