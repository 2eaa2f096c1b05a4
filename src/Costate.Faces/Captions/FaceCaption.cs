using Costate.Faces.Drawing;

namespace Costate.Faces.Captions;

/// <summary>
/// A sentence on a drawn face, such as "a person with curly red hair and glasses, smiling, on a blue background". What it mentions, and
/// in which words, a seed of its own draws, so that a face has as many captions as one likes.
/// </summary>
/// <param name="Text">The sentence, in small letters, without a full stop.</param>
/// <param name="Mentioned">What it says, in the order of <see cref="FaceAttribute.All"/>; all of it is true of the face.</param>
internal sealed record FaceCaption(string Text, IReadOnlyList<CaptionMention> Mentioned)
{
    private const ulong Family = 0xCA97;

    // How often a caption says of something that it is there, and how often that it is not.
    private const double Usual = 0.6;
    private const double Striking = 0.85;
    private const double Absent = 0.1;

    /// <summary>A caption of each of so many people, one after the other.</summary>
    internal static IEnumerable<string> Texts(int count, CancellationToken cancellationToken)
    {
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return Of((ulong)i, 0).Text;
        }
    }

    /// <summary>A caption of a face.</summary>
    /// <param name="identity">Who.</param>
    /// <param name="circumstance">When.</param>
    /// <param name="variation">Which of the captions of the face.</param>
    internal static FaceCaption Of(ulong identity, ulong circumstance, ulong variation = 0)
    {
        var draw = new SeededTraits(Family + variation, circumstance ^ (identity * 0x9E3779B97F4A7C15));
        FaceIdentity person = FaceIdentity.FromSeed(identity);
        FaceCircumstance moment = DrawnFaces.Moment(identity, circumstance);
        var mentioned = new List<CaptionMention>();
        foreach (FaceAttribute attribute in FaceAttribute.All)
        {
            // Drawn whether it is there or not, so that one attribute's value does not change what is said of the others.
            bool says = draw.Chance(Likely(attribute, attribute.Of(person, moment)));
            if (says)
            {
                mentioned.Add(new CaptionMention(attribute.Name, attribute.Of(person, moment)!));
            }
        }

        return new FaceCaption(new CaptionWording(draw, mentioned).Text(), mentioned);
    }

    private static double Likely(FaceAttribute attribute, string? value) => value switch
    {
        null => 0,
        "none" => Absent,
        "glasses" or "beard" or "moustache" or "shaven" => Striking,
        _ => attribute == FaceAttribute.Skin ? Usual / 2 : Usual,
    };
}
