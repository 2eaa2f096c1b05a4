using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Recognition;

/// <summary>How well pictures fit texts, by the two towers of a CLIP pair (Radford et al. 2021).</summary>
/// <param name="image">Makes embeddings of pictures. Owned.</param>
/// <param name="text">Makes those of texts, of the same width.</param>
/// <param name="tokenizer">Makes the ids that it takes.</param>
internal sealed class TextLikeness(FaceRecogniser image, ClipTextModel text, ClipTokenizer tokenizer) : IDisposable
{
    /// <summary>The image tower's file in the folder of a pipeline.</summary>
    internal const string ImageFile = "image_encoder/image-tower.safetensors";

    /// <summary>Height and width of the pictures, in pixels.</summary>
    internal int Side => image.Config.ImageSize;

    /// <summary>The pair of a pipeline, whose text encoder it uses.</summary>
    /// <exception cref="InvalidDataException">There is no image tower beside the pipeline, or it is of another width.</exception>
    internal static TextLikeness Of(DiffusionPipeline pipeline)
    {
        string path = Path.Combine(pipeline.Source, ImageFile);
        if (!File.Exists(path))
        {
            throw new InvalidDataException(
                $"There is no '{path}'; expected the image tower that costate train text-to-image writes beside a pipeline.");
        }

        ClipTextModel text = pipeline.TextEncoder!;
        FaceRecogniser image = FaceRecogniser.FromPretrained(path, text.parameters().First().device);
        int width = text.Config.HiddenSize;
        if (image.Config.EmbeddingWidth == width)
        {
            return new TextLikeness(image, text, pipeline.Tokenizer!);
        }

        image.Dispose();
        throw new InvalidDataException(
            $"'{path}' has embeddings of width {image.Config.EmbeddingWidth}; expected {width}, that of the text encoder.");
    }

    /// <summary>The cosine of the embeddings of each picture and its text, [batch], differentiable in the pictures.</summary>
    /// <param name="pictures">[batch, 3, height, width] in -1..1; of another size than the tower's, they are averaged or repeated to
    /// it.</param>
    /// <param name="texts">One for each.</param>
    internal Tensor Of(Tensor pictures, IReadOnlyList<string> texts)
    {
        using DisposeScope scope = NewDisposeScope();
        Device device = text.parameters().First().device;
        Tensor seen = image.Embed(nn.functional.adaptive_avg_pool2d(pictures.to(device), [Side, Side]));
        Tensor read = Embed(text, tensor(Ids(texts), [texts.Count, tokenizer.Length], device: device));
        return (seen * read).sum([1L]).to(pictures.device).MoveToOuterDisposeScope();
    }

    /// <summary>Embeddings of unit length of texts, [batch, width].</summary>
    /// <param name="tower">The text tower.</param>
    /// <param name="ids">[batch, length].</param>
    internal static Tensor Embed(ClipTextModel tower, Tensor ids)
    {
        using DisposeScope scope = NewDisposeScope();
        return nn.functional.normalize(tower.call(ids).Pooled, 2, 1, 1e-12).MoveToOuterDisposeScope();
    }

    public void Dispose() => image.Dispose();

    private long[] Ids(IReadOnlyList<string> texts) =>
        [.. texts.SelectMany(each => tokenizer.Tokenize(each, truncate: true).Ids).Select(id => (long)id)];
}
