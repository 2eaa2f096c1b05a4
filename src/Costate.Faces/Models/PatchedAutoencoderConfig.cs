using System.Text;
using Costate.Networks;

namespace Costate.Faces.Models;

/// <summary>The shape of a <see cref="PatchedAutoencoder"/>: patches, and the network that sees each of them as one pixel.</summary>
/// <remarks>Immutable.</remarks>
public sealed record PatchedAutoencoderConfig
{
    // As diffusers names them.
    private const string Noise = "epsilon";
    private const string Velocity = "v_prediction";

    /// <summary>
    /// The autoencoder for drawn faces of 64 x 64 pixels: 2 x 2 patches, gates for detail, codes of 256 numbers, 7.5 million parameters, of
    /// which 4.6 million in the encoder.
    /// </summary>
    public static PatchedAutoencoderConfig Faces64 { get; } = new()
    {
        PatchSize = 2,
        Prediction = Prediction.Velocity,
        Network = new DiffusionAutoencoderConfig
        {
            ImageSize = 32,
            InChannels = 12,
            OutChannels = 24,
            ModelChannels = 32,
            ChannelMult = [1, 2, 4],
            NumResBlocks = 1,
            EmbedChannels = 128,
            EncOutChannels = 256,
            ResnetCondChannels = 256,
            EncNumResBlock = 1,
            EncChannelMult = [1, 2, 4, 8, 8, 8],
            AttentionResolutions = [],
            EncAttnResolutions = [8],
            ResblockUpdown = false,
            Dropout = 0,
        },
    };

    /// <summary>Height and width of a patch. The default value is 2.</summary>
    public int PatchSize { get; init; } = 2;

    /// <summary>
    /// What the network predicts: <see cref="Prediction.Noise"/>, as DiffAE does, or <see cref="Prediction.Velocity"/>, which a small
    /// network turns into data at the noisiest times without magnifying its error. The default value is noise.
    /// </summary>
    public Prediction Prediction { get; init; } = Prediction.Noise;

    /// <summary>The network behind the patches; its channels are those of the image times the square of <see cref="PatchSize"/>,
    /// and it has as many outputs, or twice as many: see <see cref="PatchedAutoencoder"/>.</summary>
    public required DiffusionAutoencoderConfig Network { get; init; }

    /// <summary>Height and width of the images.</summary>
    public int ImageSize => Network.ImageSize * PatchSize;

    /// <summary>Channels of the images.</summary>
    public int ImageChannels => Network.InChannels / (PatchSize * PatchSize);

    /// <summary>Whether the second half of the network's output is a gate for the detail of what it is given.</summary>
    internal bool HasDetailGate => Network.OutChannels == 2 * Network.InChannels;

    /// <summary>A configuration from text: the options of <see cref="DiffusionAutoencoderConfig"/> and <c>patch_size</c>.</summary>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="json">A JSON object.</param>
    internal static PatchedAutoencoderConfig Parse(string source, string json)
    {
        JsonOptions options = JsonOptions.Parse(source, Encoding.UTF8.GetBytes(json));
        var config = new PatchedAutoencoderConfig
        {
            PatchSize = options.Integer("patch_size", 1),
            Prediction = Predicted(options.Text("prediction_type", Noise)),
            Network = DiffusionAutoencoderConfig.From(options),
        };
        options.RefuseUnread();
        return config;
    }

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    internal string ToJson() =>
        ConfigurationText.Of(Network, ("patch_size", PatchSize), ("prediction_type", Prediction == Prediction.Noise ? Noise : Velocity));

    private static Prediction Predicted(string type)
    {
        Option.OneOf("prediction_type", type, Noise, Velocity);
        return type == Noise ? Prediction.Noise : Prediction.Velocity;
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        ArgumentNullException.ThrowIfNull(Network);
        Option.Positive("patch_size", PatchSize);
        Option.Divides("patch_size squared", PatchSize * PatchSize, "in_channels", Network.InChannels);
        if (Prediction is not (Prediction.Noise or Prediction.Velocity))
        {
            throw new NotSupportedException(
                $"Got {nameof(Prediction)} {Prediction}; expected {Prediction.Noise} or {Prediction.Velocity}.");
        }

        Network.Check();
        if (Network.OutChannels != Network.InChannels && !HasDetailGate)
        {
            throw new ArgumentException(
                $"Got in_channels {Network.InChannels} and out_channels {Network.OutChannels}; expected the same, for a prediction of "
                    + "the noise, or twice as many, with gates for the detail.");
        }
    }
}
