using System.Text.RegularExpressions;
using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Recognition;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Editing;

/// <summary>
/// A drawn face, one attribute of it that shall change, and a sentence on each of the two that differ in that alone. What the change should
/// look like is known: the same face is drawn with it.
/// </summary>
/// <param name="Identity">Who; circumstance 0.</param>
/// <param name="Attribute">What shall change.</param>
/// <param name="From">Its value.</param>
/// <param name="To">Its value afterwards.</param>
/// <param name="Source">A caption of the face.</param>
/// <param name="Target">The same caption with the other value.</param>
internal sealed partial record FaceEdit(ulong Identity, FaceAttribute Attribute, string From, string To, string Source, string Target)
{
    /// <summary>The first person: held out, and in no other evaluation.</summary>
    internal const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 480_000;

    /// <summary>Height and width of the pictures, in pixels.</summary>
    internal const int Side = AttributeJudges.Side;

    private const ulong Family = 0xED17;

    /// <summary>The edit of a number: a person of its own, and one of what can be changed of them.</summary>
    internal static FaceEdit Of(int number)
    {
        ulong identity = FirstIdentity + (ulong)number;
        (FaceIdentity person, FaceCircumstance moment) = (FaceIdentity.FromSeed(identity), DrawnFaces.Moment(identity, 0));
        var draw = new SeededTraits(Family, identity);
        FaceAttribute[] changeable = [.. FaceAttribute.All.Where(a => a.Change is not null && a.Of(person, moment) is not null)];
        FaceAttribute attribute = changeable[draw.Case(changeable.Length)];
        string from = attribute.Of(person, moment)!;
        string[] others = [.. attribute.Values.Where(value => value != from)];
        string to = others[draw.Case(others.Length)];
        IReadOnlyList<CaptionMention> said = FaceCaption.Of(identity, 0).Mentioned;
        return new FaceEdit(identity, attribute, from, to, Text(from), Text(to));

        // Words for glasses take a draw that "no glasses" does not take: the rest of the sentence would have other words.
        string Text(string value) => attribute == FaceAttribute.Glasses && value == "none"
            ? Glasses().Replace(Worded("glasses"), "no glasses")
            : Worded(value);

        string Worded(string value) => new CaptionWording(new SeededTraits(Family, ~identity), FaceAttribute.All
            .Where(a => a == attribute || said.Any(m => m.Attribute == a.Name))
            .Select(a => new CaptionMention(a.Name, a == attribute ? value : a.Of(person, moment)!))).Text();
    }

    /// <summary>The faces as they are, [edits, 3, 128, 128] in -1..1.</summary>
    internal static Tensor Pictures(IReadOnlyList<FaceEdit> edits, CancellationToken cancellationToken) =>
        Drawn(edits, edit => edit.Draw(changed: false), cancellationToken);

    /// <summary>The faces as they should be afterwards.</summary>
    internal static Tensor Truths(IReadOnlyList<FaceEdit> edits, CancellationToken cancellationToken) =>
        Drawn(edits, edit => edit.Draw(changed: true), cancellationToken);

    [GeneratedRegex("(a pair of |dark )?glasses")]
    private static partial Regex Glasses();

    private static Tensor Drawn(IReadOnlyList<FaceEdit> edits, Func<FaceEdit, SKBitmap> draw, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor bytes = DrawnFaces.Batch(edits.Count, i => draw(edits[i]), Side, cancellationToken);
        return EvaluationFaces.OfBytes(bytes).MoveToOuterDisposeScope();
    }

    private SKBitmap Draw(bool changed)
    {
        (FaceIdentity person, FaceCircumstance moment) = (FaceIdentity.FromSeed(Identity), DrawnFaces.Moment(Identity, 0));
        (person, moment) = changed ? Attribute.Change!(person, moment, To) : (person, moment);
        return DrawnFaces.Draw(person, moment, new SeededTraits(Identity, 0), Side);
    }
}
