using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Faces.Training.TextToImage;

/// <summary>Captions of faces as the ids that a text tower takes, [faces, <see cref="TextModelFolder.TextLength"/>].</summary>
/// <param name="tokenizer">Makes them.</param>
/// <param name="faces">Which faces.</param>
/// <param name="firstIdentity">The first of them.</param>
internal sealed class CaptionTokens(ClipTokenizer tokenizer, FaceSelection faces, ulong firstIdentity = 0)
{
    /// <summary>As many captions of a face as one likes.</summary>
    internal const long Variations = 1L << 40;

    private readonly (ulong Identity, ulong Circumstance)[] seeds = faces.Seeds(firstIdentity);

    /// <summary>A caption of each of the faces at <paramref name="indices"/>, drawn anew.</summary>
    internal IReadOnlyList<FaceCaption> Draw(Tensor indices, StepRandom random) =>
        [.. Captions(indices.data<long>().ToArray(), random.Integers(Variations, indices.shape[0]).data<long>().ToArray())];

    /// <summary>The first caption of each of the first faces.</summary>
    internal IReadOnlyList<FaceCaption> First(int count) =>
        [.. Captions([.. Enumerable.Range(0, count).Select(i => (long)i)], new long[count])];

    /// <summary>The ids of captions.</summary>
    internal Tensor Of(IEnumerable<FaceCaption> captions) => Of([.. captions.Select(c => c.Text)]);

    /// <summary>The ids of texts; what is too long is cut.</summary>
    internal Tensor Of(params IReadOnlyList<string> texts)
    {
        long[] ids = [.. texts.SelectMany(text => tokenizer.Tokenize(text, truncate: true).Ids).Select(id => (long)id)];
        return tensor(ids, [texts.Count, tokenizer.Length]);
    }

    private IEnumerable<FaceCaption> Captions(long[] indices, long[] variations) =>
        indices.Zip(variations, (i, variation) => FaceCaption.Of(seeds[i].Identity, seeds[i].Circumstance, (ulong)variation));
}
