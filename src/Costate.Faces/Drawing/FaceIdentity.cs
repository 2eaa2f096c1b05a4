using SkiaSharp;

namespace Costate.Faces.Drawing;

/// <summary>
/// What makes a drawn face that person: the traits that no circumstance changes. Lengths are in sixty-fourths of the picture's
/// side, from a point between the eyes.
/// </summary>
internal sealed record FaceIdentity
{
    private const ulong Family = 0x1DE7;

    private static readonly SKColor[] SkinTones =
    [
        new(255, 224, 196),
        new(246, 205, 170),
        new(231, 180, 138),
        new(205, 146, 102),
        new(168, 112, 70),
        new(122, 78, 50),
        new(84, 53, 36),
    ];

    private static readonly SKColor[] HairColours =
    [
        new(28, 22, 22),
        new(54, 34, 24),
        new(94, 58, 34),
        new(142, 90, 48),
        new(190, 142, 76),
        new(226, 192, 128),
        new(164, 66, 30),
        new(150, 148, 146),
    ];

    private static readonly SKColor[] IrisColours =
    [
        new(66, 40, 22),
        new(104, 66, 34),
        new(96, 116, 60),
        new(64, 112, 160),
        new(110, 124, 136),
    ];

    /// <summary>From light, 0, to dark, 1.</summary>
    internal required float SkinTone { get; init; }

    internal required SKColor Skin { get; init; }

    internal required float HeadWidth { get; init; }

    internal required float JawWidth { get; init; }

    internal required float JawHeight { get; init; }

    internal required float ChinWidth { get; init; }

    internal required float ChinHeight { get; init; }

    internal required float Hairline { get; init; }

    internal required float EyeSpacing { get; init; }

    internal required float EyeWidth { get; init; }

    internal required float EyeOpening { get; init; }

    internal required float EyeTilt { get; init; }

    internal required SKColor Iris { get; init; }

    internal required float BrowHeight { get; init; }

    internal required float BrowThickness { get; init; }

    internal required float BrowTilt { get; init; }

    internal required float BrowArch { get; init; }

    internal required float NoseLength { get; init; }

    internal required float NoseWidth { get; init; }

    internal required float NoseBridge { get; init; }

    internal required float MouthHeight { get; init; }

    internal required float MouthWidth { get; init; }

    internal required float LipFullness { get; init; }

    internal required float LipColour { get; init; }

    internal required float EarSize { get; init; }

    internal required HairStyle Hair { get; init; }

    internal required HairTone HairTone { get; init; }

    internal required SKColor HairColour { get; init; }

    internal required float HairVolume { get; init; }

    internal required bool PartsLeft { get; init; }

    internal required float Beard { get; init; }

    internal required float Moustache { get; init; }

    internal required float Blush { get; init; }

    internal required IReadOnlyList<SKPoint> Moles { get; init; }

    internal required IReadOnlyList<SKPoint> Freckles { get; init; }

    /// <summary>The same person with other hair.</summary>
    internal FaceIdentity WithHair(HairTone tone) => this with { HairTone = tone, HairColour = HairColours[(int)tone] };

    /// <summary>The person of a seed.</summary>
    internal static FaceIdentity FromSeed(ulong seed)
    {
        var draw = new SeededTraits(Family, seed);
        float skinTone = draw.Between(0, 1);
        SKColor skin = Colour.Along(SkinTones, skinTone).Jittered(draw, 7);
        HairStyle hair = (HairStyle)draw.Case(Enum.GetValues<HairStyle>().Length);
        bool bearded = hair <= HairStyle.Receding && draw.Chance(0.45);
        bool freckled = draw.Chance(0.2);
        HairTone hairTone;
        return new FaceIdentity
        {
            SkinTone = skinTone,
            Skin = skin,
            HeadWidth = draw.Around(13.6, 19.4),
            JawWidth = draw.Around(0.62, 0.98),
            JawHeight = draw.Around(9, 15),
            ChinWidth = draw.Around(1.5, 8.5),
            ChinHeight = draw.Around(17.5, 24.5),
            Hairline = draw.Around(-15.5, -9),
            EyeSpacing = draw.Around(5.6, 9),
            EyeWidth = draw.Around(2.5, 4.3),
            EyeOpening = draw.Around(1.1, 2.6),
            EyeTilt = draw.Around(-0.32, 0.32),
            Iris = IrisColours[draw.Case(IrisColours.Length)].Jittered(draw, 14),
            BrowHeight = draw.Around(-6.6, -3.6),
            BrowThickness = draw.Around(0.5, 2.1),
            BrowTilt = draw.Around(-0.26, 0.26),
            BrowArch = draw.Between(0, 1.7),
            NoseLength = draw.Around(5, 10.6),
            NoseWidth = draw.Around(1.7, 4.6),
            NoseBridge = draw.Between(0, 1),
            MouthHeight = draw.Around(3.2, 5.8),
            MouthWidth = draw.Around(3.9, 8),
            LipFullness = draw.Around(0.5, 2.3),
            LipColour = draw.Between(0, 1),
            EarSize = draw.Around(1.8, 4.8),
            Hair = hair,
            HairTone = hairTone = (HairTone)draw.Case(HairColours.Length),
            HairColour = HairColours[(int)hairTone].Jittered(draw, 12),
            HairVolume = draw.Around(1, 4.2),
            PartsLeft = draw.Chance(0.5),
            Beard = bearded ? draw.Between(0.35, 1) : 0,
            Moustache = bearded && draw.Chance(0.7) || (hair <= HairStyle.Receding && draw.Chance(0.1)) ? draw.Between(0.5, 1) : 0,
            Blush = draw.Between(0, 1),
            Moles = draw.Chance(0.35) ? Spots(draw, 1 + draw.Case(2), spread: 11) : [],
            Freckles = freckled ? Spots(draw, 10 + draw.Case(12), spread: 9) : [],
        };
    }

    private static SKPoint[] Spots(SeededTraits draw, int count, float spread)
    {
        var spots = new SKPoint[count];
        for (int i = 0; i < count; i++)
        {
            spots[i] = new SKPoint(draw.Between(-spread, spread), draw.Between(3.5, 12.5));
        }

        return spots;
    }
}
