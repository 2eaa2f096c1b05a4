using System.Globalization;

namespace Costate.Networks;

/// <summary>
/// The shape of an <see cref="AdmUNetModel"/> or an <see cref="AdmClassifier"/>, in the terms of OpenAI's guided-diffusion: the arguments
/// of
/// its networks, or the flags of its scripts, of which files of weights say nothing.
/// </summary>
/// <remarks>Immutable. <see cref="Read"/> takes either; where a script's flag has another name, it is told beside the property.</remarks>
public sealed record AdmConfig
{
    // Groups of the normalisations.
    private const int Groups = 32;

    /// <summary>Side of the images. The default value is 64.</summary>
    public int ImageSize { get; init; } = 64;

    /// <summary>Channels of the images. The default value is 3.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the first level (<c>num_channels</c>). The default value is 128.</summary>
    public int ModelChannels { get; init; } = 128;

    /// <summary>Channels of the prediction, 6 where the variance is learned too (<c>learn_sigma</c>); the classes of a classifier. The
    /// default
    /// value is 3.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>Residual blocks of a level on the way down; one more on the way up. The default value is 2.</summary>
    public int NumResBlocks { get; init; } = 2;

    /// <summary>By what the image is smaller than at first where there is attention; a script tells the sides, as a text such as
    /// <c>16,8</c>. The default value is 4 and 8.</summary>
    public IReadOnlyList<int> AttentionResolutions { get; init; } = [4, 8];

    /// <summary>Channels of each level by those of the first. The default value is 1, 2, 3, 4.</summary>
    public IReadOnlyList<int> ChannelMult { get; init; } = [1, 2, 3, 4];

    /// <summary>Number of classes that the network is told one of (1000 with <c>class_cond</c>); null for none. The default value is
    /// null.</summary>
    public int? NumClasses { get; init; }

    /// <summary>Heads of the attention, unless their width is given. The default value is 1.</summary>
    public int NumHeads { get; init; } = 1;

    /// <summary>The width of a head; -1 for <see cref="NumHeads"/>. The default value is -1.</summary>
    public int NumHeadChannels { get; init; } = -1;

    /// <summary>Heads on the way up; -1 for <see cref="NumHeads"/>. The default value is -1.</summary>
    public int NumHeadsUpsample { get; init; } = -1;

    /// <summary>Whether time scales and shifts in residual blocks, rather than being added. The default value is false.</summary>
    public bool UseScaleShiftNorm { get; init; }

    /// <summary>Whether residual blocks change the resolution. The default value is false.</summary>
    public bool ResblockUpdown { get; init; }

    /// <summary>Whether other changes of the resolution have a convolution. The default value is true.</summary>
    public bool ConvResample { get; init; } = true;

    /// <summary>Whether queries, keys and values are split before heads. The default value is false.</summary>
    public bool UseNewAttentionOrder { get; init; }

    /// <summary>Probability of dropout in training mode. The default value is 0.</summary>
    public double Dropout { get; init; }

    /// <summary>How a classifier ends: <c>attention</c> or <c>adaptive</c>; null for a U-Net. The default value is null.</summary>
    public string? Pool { get; init; }

    /// <summary>Options of the file that these networks do not know and that are not off. They have no effect.</summary>
    public IReadOnlyList<string> IgnoredOptions { get; init; } = [];

    /// <summary>Of guided-diffusion's <c>256x256_diffusion_uncond.pt</c>, which DPS, FreeDoM and others guide on ImageNet.</summary>
    public static AdmConfig ImageNet256 { get; } = new()
    {
        ImageSize = 256,
        ModelChannels = 256,
        OutChannels = 6,
        AttentionResolutions = [8, 16, 32],
        ChannelMult = Usual(256),
        NumHeads = 4,
        NumHeadChannels = 64,
        UseScaleShiftNorm = true,
        ResblockUpdown = true,
    };

    /// <summary>Of DPS's <c>ffhq_10m.pt</c>, which others guide on FFHQ too.</summary>
    public static AdmConfig Ffhq256 { get; } = ImageNet256 with { ModelChannels = 128, NumResBlocks = 1, AttentionResolutions = [16] };

    /// <summary>Whether the network predicts what variances are made of too, in channels after those of the noise.</summary>
    internal bool LearnsVariance => OutChannels == 2 * InChannels;

    /// <summary>Width of the time embedding.</summary>
    internal int TimeChannels => 4 * ModelChannels;

    /// <summary>Reads a file of arguments or flags.</summary>
    /// <param name="path">The file, JSON.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object or a value is not of its option's kind.</exception>
    /// <exception cref="NotSupportedException">It sets an option to what is not supported; the message names it.</exception>
    public static AdmConfig Read(string path) => From(JsonOptions.Open(path));

    internal static AdmConfig From(JsonOptions options)
    {
        var otherwise = new AdmConfig();
        int size = options.Integer("image_size", otherwise.ImageSize);
        options.RequireNumber("dims", 2);
        options.Ignore("use_checkpoint", "use_fp16");
        bool hasVariance = options.Flag("learn_sigma", false), isOfClasses = options.Flag("class_cond", false);
        var config = new AdmConfig
        {
            ImageSize = size,
            InChannels = options.Integer("in_channels", otherwise.InChannels),
            ModelChannels = options.OptionalInteger("model_channels")
                ?? options.Integer("num_channels", otherwise.ModelChannels),
            OutChannels = options.Integer("out_channels", hasVariance ? 6 : 3),
            NumResBlocks = options.Integer("num_res_blocks", otherwise.NumResBlocks),
            AttentionResolutions =
                (options.TextOrNull("attention_resolutions") ?? options.NumberTextOrNull("attention_resolutions")) is { } sides
                ? [.. Numbers("attention_resolutions", sides).Select(side => Shrinking(size, side))]
                : options.Integers("attention_resolutions", otherwise.AttentionResolutions),
            ChannelMult = options.TextOrNull("channel_mult") is { } multipliers
                ? multipliers.Length == 0 ? Usual(size) : Numbers("channel_mult", multipliers)
                : options.OptionalIntegers("channel_mult") ?? Usual(size),
            NumClasses = options.OptionalInteger("num_classes") ?? (isOfClasses ? 1000 : null),
            NumHeads = options.Integer("num_heads", otherwise.NumHeads),
            NumHeadChannels = options.Integer("num_head_channels", otherwise.NumHeadChannels),
            NumHeadsUpsample = options.Integer("num_heads_upsample", otherwise.NumHeadsUpsample),
            UseScaleShiftNorm = options.Flag("use_scale_shift_norm", otherwise.UseScaleShiftNorm),
            ResblockUpdown = options.Flag("resblock_updown", otherwise.ResblockUpdown),
            ConvResample = options.Flag("conv_resample", otherwise.ConvResample),
            UseNewAttentionOrder = options.Flag("use_new_attention_order", otherwise.UseNewAttentionOrder),
            Dropout = options.Number("dropout", otherwise.Dropout),
            Pool = options.OptionalText("pool", null),
        };
        return config with { IgnoredOptions = options.Unread() };
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        Option.Positive("image_size", ImageSize);
        Option.Positive("in_channels", InChannels);
        Option.Positive("model_channels", ModelChannels);
        Option.Positive("out_channels", OutChannels);
        Option.Positive("num_res_blocks", NumResBlocks);
        Option.Positive("channel_mult", ChannelMult);
        Option.Positive("num_heads", NumHeads);
        Option.Positive("num_head_channels, if it is not -1,", NumHeadChannels == -1 ? 1 : NumHeadChannels);
        Option.Positive("num_heads_upsample, if it is not -1,", NumHeadsUpsample == -1 ? 1 : NumHeadsUpsample);
        Option.Positive("num_classes", NumClasses ?? 1);
        Option.Probability("dropout", Dropout);
        Option.OneOf("pool", Pool, null, "attention", "adaptive");
        Option.Divides("num_groups", Groups, "model_channels", ModelChannels);
        Option.Divides("2^(levels - 1)", 1 << (ChannelMult.Count - 1), "image_size", ImageSize);
        foreach (int multiplier in ChannelMult)
        {
            int channels = multiplier * ModelChannels;
            Option.Divides("num_head_channels or num_heads", NumHeadChannels == -1 ? NumHeads : NumHeadChannels, "channels", channels);
        }
    }

    // No level has the side of one that does not divide, and attention there would be missing without a word.
    private static int Shrinking(int size, int side) => size % side == 0 ? size / side : throw new NotSupportedException(
        $"Got attention_resolutions with {side}, which is not supported; expected sides that divide image_size {size}.");

    // Of the published networks by their size.
    private static IReadOnlyList<int> Usual(int size) => size switch
    {
        256 => [1, 1, 2, 2, 4, 4],
        128 => [1, 1, 2, 3, 4],
        64 => [1, 2, 3, 4],
        _ => throw new NotSupportedException(
            $"Got no channel_mult for image_size {size}; expected it, for sizes other than 64, 128 and 256."),
    };

    private static int[] Numbers(string name, string text)
    {
        int[] numbers =
        [
            .. text.Split(',').Select(
                part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0),
        ];
        return numbers.All(number => number > 0) ? numbers : throw new NotSupportedException(
            $"Got {name} {ErrorText.Quote(text)}, which is not supported; expected positive whole numbers with commas between them.");
    }
}
