using System.Text.RegularExpressions;
using Costate.Faces.Drawing;
using SkiaSharp;

namespace Costate.Faces.Captions;

/// <summary>
/// A drawn face and one attribute of it that shall change. What the change should look like is known: the same face is drawn with it.
/// </summary>
/// <param name="Identity">Who.</param>
/// <param name="Circumstance">When.</param>
/// <param name="Attribute">What shall change.</param>
/// <param name="From">Its value.</param>
/// <param name="To">Its value afterwards.</param>
internal sealed partial record FaceEdit(ulong Identity, ulong Circumstance, FaceAttribute Attribute, string From, string To)
{
    private const ulong Family = 0xED17;

    /// <summary>All that can be changed, with all values.</summary>
    internal static IReadOnlyList<(FaceAttribute Attribute, IReadOnlyList<string> Values)> Everything { get; } =
        [.. FaceAttribute.All.Where(a => a.Change is not null).Select(a => (a, a.Values))];

    // Of circumstance 0 the identity itself.
    private ulong Seed => SeedOf(Identity, Circumstance);

    /// <summary>One of what can be changed of a face.</summary>
    /// <param name="identity">Who.</param>
    /// <param name="circumstance">When.</param>
    /// <param name="among">Attributes, and the values of each to change between, of which the face has at least one.</param>
    internal static FaceEdit Of(
        ulong identity, ulong circumstance, IReadOnlyList<(FaceAttribute Attribute, IReadOnlyList<string> Values)> among)
    {
        (FaceIdentity person, FaceCircumstance moment) = (FaceIdentity.FromSeed(identity), DrawnFaces.Moment(identity, circumstance));
        var draw = new SeededTraits(Family, SeedOf(identity, circumstance));
        (FaceAttribute Attribute, IReadOnlyList<string> Values)[] changeable =
            [.. among.Where(a => a.Values.Contains(a.Attribute.Of(person, moment)))];
        (FaceAttribute attribute, IReadOnlyList<string> values) = changeable[draw.Case(changeable.Length)];
        string from = attribute.Of(person, moment)!;
        string[] others = [.. values.Where(value => value != from)];
        return new FaceEdit(identity, circumstance, attribute, from, others[draw.Case(others.Length)]);
    }

    /// <summary>A caption of the face as it is, and the same caption with the other value.</summary>
    /// <param name="variation">Which of the captions of the face.</param>
    internal (string Source, string Target) Captions(ulong variation = 0)
    {
        (FaceIdentity person, FaceCircumstance moment) = (FaceIdentity.FromSeed(Identity), DrawnFaces.Moment(Identity, Circumstance));
        IReadOnlyList<CaptionMention> said = FaceCaption.Of(Identity, Circumstance, variation).Mentioned;
        return (Text(From), Text(To));

        // Words for glasses take a draw that "no glasses" does not take: the rest of the sentence would have other words.
        string Text(string value) => Attribute == FaceAttribute.Glasses && value == "none"
            ? Glasses().Replace(Worded("glasses"), "no glasses")
            : Worded(value);

        string Worded(string value) => new CaptionWording(new SeededTraits(Family + variation, ~Seed), FaceAttribute.All
            .Where(a => a == Attribute || said.Any(m => m.Attribute == a.Name))
            .Select(a => new CaptionMention(a.Name, a == Attribute ? value : a.Of(person, moment)!))).Text();
    }

    /// <summary>The face.</summary>
    /// <param name="changed">Whether as it should be afterwards; otherwise as it is.</param>
    /// <param name="side">Height and width in pixels.</param>
    internal SKBitmap Draw(bool changed, int side)
    {
        (FaceIdentity person, FaceCircumstance moment) = (FaceIdentity.FromSeed(Identity), DrawnFaces.Moment(Identity, Circumstance));
        (person, moment) = changed ? Attribute.Change!(person, moment, To) : (person, moment);
        return DrawnFaces.Draw(person, moment, new SeededTraits(Identity, Circumstance), side);
    }

    private static ulong SeedOf(ulong identity, ulong circumstance) => identity ^ (circumstance * 0x9E3779B97F4A7C15);

    [GeneratedRegex("(a pair of |dark )?glasses")]
    private static partial Regex Glasses();
}
