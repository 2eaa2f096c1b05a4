using System.Text;
using Costate.Networks;

namespace Costate.Faces.Recognition;

/// <summary>The shape of a <see cref="FaceRecogniser"/>.</summary>
/// <remarks>Immutable.</remarks>
public sealed record FaceRecogniserConfig
{
    /// <summary>Height and width of the images, a multiple of 16. The default value is 64.</summary>
    public int ImageSize { get; init; } = 64;

    /// <summary>Channels of the images. The default value is 3.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>
    /// Channels of the first stage, a multiple of 8; the others have two, four and four times as many. The default value is 32.
    /// </summary>
    public int Width { get; init; } = 32;

    /// <summary>Residual blocks after each change of resolution but the first. The default value is 1.</summary>
    public int Blocks { get; init; } = 1;

    /// <summary>Width of the embedding. The default value is 128.</summary>
    public int EmbeddingWidth { get; init; } = 128;

    internal static FaceRecogniserConfig Parse(string source, string json)
    {
        JsonOptions options = JsonOptions.Parse(source, Encoding.UTF8.GetBytes(json));
        var otherwise = new FaceRecogniserConfig();
        var config = new FaceRecogniserConfig
        {
            ImageSize = options.Integer("image_size", otherwise.ImageSize),
            InChannels = options.Integer("in_channels", otherwise.InChannels),
            Width = options.Integer("width", otherwise.Width),
            Blocks = options.Integer("blocks", otherwise.Blocks),
            EmbeddingWidth = options.Integer("embedding_width", otherwise.EmbeddingWidth),
        };
        options.RefuseUnread();
        return config;
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        Option.Positive("image_size", ImageSize);
        Option.Positive("in_channels", InChannels);
        Option.Positive("width", Width);
        Option.Positive("blocks", Blocks);
        Option.Positive("embedding_width", EmbeddingWidth);
        Option.Divides("the total stride", FaceRecogniser.Stride, "image_size", ImageSize);
        Option.Divides("the channels of a normalisation group", FaceRecogniser.GroupChannels, "width", Width);
    }
}
