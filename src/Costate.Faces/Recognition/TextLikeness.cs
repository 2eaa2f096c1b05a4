using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Recognition;

/// <summary>
/// How well pictures fit texts, by the two towers of a CLIP pair (Radford et al. 2021): <c>1 - likeness.Score(x, "a person with red
/// hair")</c> is a loss that draws by words a model that was never told them.
/// </summary>
/// <remarks>
/// The text tower is the pipeline's own text encoder, so the pipeline must live as long; the image tower lies beside it. Both are where the
/// pipeline is. A call changes no state, so calls may run side by side; moving the pipeline during a call may not.
/// </remarks>
public sealed class TextLikeness : IDisposable
{
    /// <summary>The image tower's file in the folder of a pipeline.</summary>
    internal const string ImageFile = "image_encoder/image-tower.safetensors";

    private readonly FaceRecogniser image;
    private readonly ClipTextModel text;
    private readonly ClipTokenizer tokenizer;
    private readonly bool truncate;

    private TextLikeness(FaceRecogniser image, ClipTextModel text, ClipTokenizer tokenizer, bool truncate) =>
        (this.image, this.text, this.tokenizer, this.truncate) = (image, text, tokenizer, truncate);

    /// <summary>Height and width of what the image tower looks at, in pixels.</summary>
    internal int Side => image.Config.ImageSize;

    /// <summary>The pair of a pipeline that <c>costate train text-to-image</c> has written, such as the embedded one in the folder
    /// <c>Weights/text</c> beside the program.</summary>
    /// <param name="pipeline">The pipeline, opened from its folder. It is not owned.</param>
    /// <param name="truncate">Whether texts that are too long for the text tower are cut, rather than refused. The default value is
    /// false.</param>
    /// <returns>The pair. Dispose it; no dispose scope does.</returns>
    /// <exception cref="InvalidDataException">There is no image tower beside the pipeline, it is damaged or of another width, or the
    /// pipeline has no text encoder of CLIP.</exception>
    public static TextLikeness Of(DiffusionPipeline pipeline, bool truncate = false)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        string path = Path.Combine(pipeline.Source, ImageFile);
        if (!File.Exists(path))
        {
            throw new InvalidDataException(
                $"There is no '{path}'; expected the image tower that costate train text-to-image writes beside a pipeline.");
        }

        if ((pipeline.TextEncoder, pipeline.Tokenizer) is not (ClipTextModel text, ClipTokenizer tokenizer))
        {
            throw new InvalidDataException(
                $"The pipeline '{pipeline.Source}' has no text encoder of CLIP; expected the one that '{path}' was trained with.");
        }

        FaceRecogniser image = FaceRecogniser.FromPretrained(path, text.parameters().First().device);
        int width = text.Config.HiddenSize;
        if (image.Config.EmbeddingWidth == width)
        {
            return new TextLikeness(image, text, tokenizer, truncate);
        }

        image.Dispose();
        throw new InvalidDataException(
            $"'{path}' has embeddings of width {image.Config.EmbeddingWidth}; expected {width}, that of the text encoder.");
    }

    /// <summary>The cosine of the embeddings of each picture and its text, differentiable in the pictures.</summary>
    /// <remarks>Costs one evaluation of the image tower for each picture and one of the text tower for each text, none of the pipeline's
    /// network. What is seen of one picture does not depend on the others.</remarks>
    /// <param name="pictures">[batch, 3, height, width] in -1..1, of any floating dtype, on any device; of another size than the tower's,
    /// they are averaged or repeated to it.</param>
    /// <param name="texts">One for all pictures, or one for each.</param>
    /// <returns>[batch], from -1 (as far as can be) to 1, in the dtype and on the device of the pictures.</returns>
    /// <exception cref="ArgumentException">The pictures are of another shape or of whole numbers, or there is another number of
    /// texts.</exception>
    /// <exception cref="InputException">A text is too long, and may not be cut.</exception>
    public Tensor Score(Tensor pictures, params IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        ArgumentNullException.ThrowIfNull(texts);
        if (pictures.dim() != 4 || pictures.shape[1] != 3 || pictures.numel() == 0 || !pictures.is_floating_point())
        {
            throw new ArgumentException(
                $"Got pictures [{string.Join(", ", pictures.shape)}] of {pictures.dtype}; expected [batch, 3, height, width] of floating "
                    + "numbers in -1..1.",
                nameof(pictures));
        }

        if (texts.Count != 1 && texts.Count != pictures.shape[0])
        {
            throw new ArgumentException(
                $"Got {texts.Count} texts for {pictures.shape[0]} pictures; expected one for all, or one for each.", nameof(texts));
        }

        using DisposeScope scope = NewDisposeScope();
        Parameter weight = image.parameters().First();
        Tensor seen = image.Embed(nn.functional.adaptive_avg_pool2d(pictures.to(weight.dtype, weight.device), [Side, Side]));
        Tensor read = Read(texts, weight);
        return (seen * read).sum([1L]).to(pictures.dtype, pictures.device).MoveToOuterDisposeScope();
    }

    /// <summary>Embeddings of unit length of texts, [batch, width].</summary>
    /// <param name="tower">The text tower.</param>
    /// <param name="ids">[batch, length].</param>
    internal static Tensor Embed(ClipTextModel tower, Tensor ids)
    {
        using DisposeScope scope = NewDisposeScope();
        return nn.functional.normalize(tower.call(ids).Pooled, 2, 1, 1e-12).MoveToOuterDisposeScope();
    }

    /// <summary>Disposes the image tower.</summary>
    public void Dispose() => image.Dispose();

    private Tensor Read(IReadOnlyList<string> texts, Tensor like)
    {
        using IDisposable noGraph = no_grad();
        long[] ids = [.. texts.SelectMany(each => tokenizer.Tokenize(each, truncate).Ids).Select(id => (long)id)];
        return Embed(text, tensor(ids, [texts.Count, tokenizer.Length], device: like.device)).to(like.dtype);
    }
}
