using Costate.Faces.Drawing;
using SkiaSharp;

namespace Costate.Faces.Captions;

/// <summary>Something that a caption may say of a drawn face, and a judge may see in one.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Values">What it may be.</param>
/// <param name="Of">
/// What it is of a person at a moment; null where none of the values fits well: a skin between two tones, a background between two
/// colours, hair that is shaven. Then nothing is said, and nothing judged.
/// </param>
internal sealed record FaceAttribute(string Name, IReadOnlyList<string> Values, Func<FaceIdentity, FaceCircumstance, string?> Of)
{
    private const float TypicalBeard = 0.8f;
    private const float TypicalSmile = 1.2f;
    private const float TypicalSeriousness = -0.4f;

    /// <summary>Of the hair, unless the head is shaven.</summary>
    internal static FaceAttribute HairColour { get; } = new(
        "hair-colour",
        ["dark", "brown", "blond", "red", "grey"],
        (person, _) => person.HairTone switch
        {
            _ when person.Hair == HairStyle.Shaven => null,
            HairTone.Black or HairTone.DarkBrown => "dark",
            HairTone.Brown or HairTone.LightBrown => "brown",
            HairTone.DarkBlond or HairTone.Blond => "blond",
            HairTone.Red => "red",
            _ => "grey",
        })
    {
        Change = (person, moment, value) => (person.WithHair(value switch
        {
            "dark" => HairTone.Black,
            "brown" => HairTone.Brown,
            "blond" => HairTone.Blond,
            "red" => HairTone.Red,
            _ => HairTone.Grey,
        }), moment),
    };

    /// <summary>How the hair is worn.</summary>
    internal static FaceAttribute Hair { get; } = new(
        "hair",
        ["shaven", "short", "bob", "long", "curls", "afro", "bun"],
        (person, _) => person.Hair switch
        {
            HairStyle.Shaven => "shaven",
            HairStyle.Bob => "bob",
            HairStyle.Long => "long",
            HairStyle.Curls => "curls",
            HairStyle.Afro => "afro",
            HairStyle.Bun => "bun",
            _ => "short",
        });

    /// <summary>Whether there are glasses.</summary>
    internal static FaceAttribute Glasses { get; } =
        new("glasses", ["none", "glasses"], (_, moment) => moment.Glasses ? "glasses" : "none")
        {
            Change = (person, moment, value) => (person, moment with { Glasses = value == "glasses" }),
        };

    /// <summary>Hair on the face.</summary>
    internal static FaceAttribute Beard { get; } = new("beard", ["none", "moustache", "beard"], (person, _) => person switch
    {
        { Beard: > 0 } => "beard",
        { Moustache: > 0 } => "moustache",
        _ => "none",
    })
    {
        Change = (person, moment, value) => (
            person with
            {
                Beard = value == "beard" ? TypicalBeard : 0,
                Moustache = value == "none" ? 0 : TypicalBeard,
            },
            moment),
    };

    /// <summary>The tone of the skin.</summary>
    internal static FaceAttribute Skin { get; } = new("skin", ["light", "tan", "dark"], (person, _) => person.SkinTone switch
    {
        < 0.27f => "light",
        > 0.42f and < 0.6f => "tan",
        > 0.75f => "dark",
        _ => null,
    });

    /// <summary>The colour behind.</summary>
    internal static FaceAttribute Background { get; } =
        new("background", ["red", "yellow", "green", "blue", "purple", "grey"], (_, moment) => ColourName(moment.BackgroundAbove))
        {
            Change = (person, moment, value) => (person, moment with
            {
                BackgroundAbove = Recoloured(moment.BackgroundAbove, value),
                BackgroundBelow = Recoloured(moment.BackgroundBelow, value),
            }),
        };

    /// <summary>Whether the mouth smiles.</summary>
    internal static FaceAttribute Smile { get; } = new("smile", ["serious", "smiling"], (_, moment) => moment.Smile switch
    {
        < 0 => "serious",
        > 0.85f => "smiling",
        _ => null,
    })
    {
        // So subtle that judges need all faces to learn it from.
        Nearest = (_, moment) => moment.Smile < 0.425f ? "serious" : "smiling",
        Change = (person, moment, value) => (person, moment with { Smile = value == "smiling" ? TypicalSmile : TypicalSeriousness }),
    };

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<FaceAttribute> All { get; } = [HairColour, Hair, Glasses, Beard, Skin, Background, Smile];

    /// <summary>What judges learn of it, in place of <see cref="Of"/>, if that is not the same.</summary>
    internal Func<FaceIdentity, FaceCircumstance, string?>? Nearest { get; private init; }

    /// <summary>The same face with one of the values in place of its own; null where none can be had alone.</summary>
    internal Func<FaceIdentity, FaceCircumstance, string, (FaceIdentity Person, FaceCircumstance Moment)>? Change { get; private init; }

    /// <summary>The place of a value among <see cref="Values"/>; -1 for null.</summary>
    internal int IndexOf(string? value) => value is null ? -1 : Values.Index().First(v => v.Item == value).Index;

    // Between two colours there is a gap, and between grey and the palest colours.
    private static string? ColourName(SKColor colour)
    {
        colour.ToHsv(out float hue, out float saturation, out _);
        return saturation switch
        {
            < 9 => "grey",
            < 22 => null,
            _ => hue switch
            {
                < 16 or > 342 => "red",
                > 44 and < 66 => "yellow",
                > 90 and < 155 => "green",
                > 200 and < 246 => "blue",
                > 265 and < 305 => "purple",
                _ => null,
            },
        };
    }

    // As light as before, in the middle of a colour's range.
    private static SKColor Recoloured(SKColor colour, string name)
    {
        colour.ToHsv(out _, out float saturation, out float value);
        return name switch
        {
            "grey" => SKColor.FromHsv(0, 4, value),
            "red" => SKColor.FromHsv(0, Math.Max(saturation, 35), value),
            "yellow" => SKColor.FromHsv(55, Math.Max(saturation, 35), value),
            "green" => SKColor.FromHsv(120, Math.Max(saturation, 35), value),
            "blue" => SKColor.FromHsv(222, Math.Max(saturation, 35), value),
            _ => SKColor.FromHsv(285, Math.Max(saturation, 35), value),
        };
    }
}
