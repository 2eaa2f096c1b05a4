using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training.TextToImage;

/// <summary>
/// Drawn faces and the same faces with one attribute changed, as latents that are encoded once and kept in a file. A smile moves the
/// corners of a mouth by no more than mouths differ in place, so that the gradient of one face says little of it beside all else that is
/// unknown of the face. What twins have in common cancels between them, and only the change is left to learn.
/// </summary>
internal sealed class FaceTwins : IDisposable
{
    // What single faces have been seen not to teach; hair, skin, glasses and a full beard are large enough without.
    private static readonly (FaceAttribute Attribute, IReadOnlyList<string> Values)[] Changes =
    [
        (FaceAttribute.Smile, FaceAttribute.Smile.Values),
        (FaceAttribute.Beard, ["none", "moustache"]),
    ];

    private readonly FaceEdit[] edits;

    // Of all faces as they are, and then of all changed ones.
    private readonly FaceLatents latents;

    private FaceTwins(FaceEdit[] edits, string description, FaceLatents latents) =>
        (this.edits, Description, this.latents) = (edits, description, latents);

    /// <summary>What they are, for whom a training goes on with.</summary>
    internal string Description { get; }

    /// <summary>Reads the file; draws and encodes twins first where there are none of this codec and these people.</summary>
    /// <param name="path">The file.</param>
    /// <param name="codec">Encodes.</param>
    /// <param name="digest">What tells its encoder from others.</param>
    /// <param name="people">How many people, who are among those that trainings see; each has one twin.</param>
    /// <param name="side">Height and width of the pictures, in pixels.</param>
    /// <param name="progress">Told the share that is encoded.</param>
    /// <param name="cancellationToken">Looked at between faces.</param>
    internal static FaceTwins Open(
        string path,
        AutoencoderKL codec,
        string digest,
        int people,
        int side,
        IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        FaceEdit[] edits = Edits(people);
        string changes = string.Join(", ", Changes.Select(c => $"{c.Attribute.Name} {string.Join('/', c.Values)}"));
        string description = $"{people} faces of {side} pixels and each with one change of {changes}";
        var latents = FaceLatents.Open(path, codec, digest, description, 2 * people, Drawn, progress, cancellationToken);
        return new FaceTwins(edits, description, latents);

        Tensor Drawn(Tensor indices)
        {
            long[] places = indices.data<long>().ToArray();
            return EvaluationFaces.OfBytes(DrawnFaces.Batch(
                places.Length, i => edits[places[i] % people].Draw(changed: places[i] >= people, side), side, cancellationToken));
        }
    }

    /// <summary>The changes of so many people, one each.</summary>
    internal static FaceEdit[] Edits(int people) =>
        [.. Enumerable.Range(0, people).Select(i => FaceEdit.Of((ulong)i, Expressive((ulong)i), Changes))];

    /// <summary>Some pairs with a caption of each of the two, drawn anew.</summary>
    /// <param name="pairs">How many.</param>
    /// <param name="random">Draws them.</param>
    /// <returns>Latents, [2 * pairs, channels, height, width], and captions: faces as they are, and in the same order as changed.</returns>
    internal (Tensor Latents, IReadOnlyList<string> Captions) Draw(int pairs, StepRandom random)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor indices = random.Integers(edits.Length, pairs);
        IEnumerable<long> variations = random.Integers(CaptionTokens.Variations, pairs).data<long>().ToArray();
        (string Source, string Target)[] said =
            [.. indices.data<long>().ToArray().Zip(variations, (i, variation) => edits[i].Captions((ulong)variation))];
        return (
            latents.Of(cat([indices, indices + edits.Length], 0)).MoveToOuterDisposeScope(),
            [.. said.Select(s => s.Source), .. said.Select(s => s.Target)]);
    }

    public void Dispose() => latents.Dispose();

    // The first circumstance of a person whose expression is clear, which one in four has: a smile is half of what changes.
    private static ulong Expressive(ulong identity)
    {
        ulong circumstance = 0;
        while (FaceAttribute.Smile.Of(FaceIdentity.FromSeed(identity), DrawnFaces.Moment(identity, circumstance)) is null)
        {
            circumstance++;
        }

        return circumstance;
    }
}
