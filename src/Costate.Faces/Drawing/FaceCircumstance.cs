using SkiaSharp;

namespace Costate.Faces.Drawing;

/// <summary>
/// What changes from one picture of a person to the next: expression, pose, light, clothes, background, glasses, the camera.
/// Lengths are in sixty-fourths of the picture's side.
/// </summary>
internal sealed record FaceCircumstance
{
    private const ulong Family = 0xC1AC;

    internal required float Smile { get; init; }

    internal required float MouthOpening { get; init; }

    internal required float BrowRaise { get; init; }

    internal required float EyeClosing { get; init; }

    internal required SKPoint Gaze { get; init; }

    internal required float Yaw { get; init; }

    internal required float Pitch { get; init; }

    internal required float Roll { get; init; }

    internal required float Scale { get; init; }

    internal required SKPoint Shift { get; init; }

    internal required float LightAngle { get; init; }

    internal required float LightStrength { get; init; }

    internal required SKColor LightColour { get; init; }

    internal required SKColor BackgroundAbove { get; init; }

    internal required SKColor BackgroundBelow { get; init; }

    internal required SKColor Clothes { get; init; }

    internal required int Collar { get; init; }

    internal required bool Glasses { get; init; }

    internal required SKColor GlassesColour { get; init; }

    internal required float GlassesRoundness { get; init; }

    internal required float Blur { get; init; }

    internal required float Noise { get; init; }

    /// <summary>The circumstance of a seed.</summary>
    internal static FaceCircumstance FromSeed(ulong seed)
    {
        var draw = new SeededTraits(Family, seed);
        SKColor background = SKColor.FromHsv(draw.Between(0, 360), draw.Between(5, 50), draw.Between(45, 95));
        return new FaceCircumstance
        {
            Smile = draw.Around(-0.7, 1.5),
            MouthOpening = draw.Chance(0.3) ? draw.Between(0.2, 1) : 0,
            BrowRaise = draw.Around(-0.9, 0.9),
            EyeClosing = draw.Around(-0.12, 0.35),
            Gaze = new SKPoint(draw.Around(-0.9, 0.9), draw.Around(-0.35, 0.35)),
            Yaw = draw.Around(-1, 1),
            Pitch = draw.Around(-1, 1),
            Roll = draw.Around(-6, 6),
            Scale = draw.Around(0.95, 1.05),
            Shift = new SKPoint(draw.Around(-1.3, 1.3), draw.Around(-1, 1)),
            LightAngle = draw.Between(-150, -30),
            LightStrength = draw.Between(0.1, 0.5),
            LightColour = SKColor.FromHsv(draw.Chance(0.5) ? draw.Between(25, 55) : draw.Between(190, 230), draw.Between(0, 22), 100),
            BackgroundAbove = background,
            BackgroundBelow = background.Towards(SKColor.FromHsv(draw.Between(0, 360), 30, 60), draw.Between(0.1, 0.5)),
            Clothes = SKColor.FromHsv(draw.Between(0, 360), draw.Between(5, 75), draw.Between(20, 90)),
            Collar = draw.Case(3),
            Glasses = draw.Chance(0.12),
            GlassesColour = SKColor.FromHsv(draw.Between(0, 360), draw.Between(0, 40), draw.Between(8, 40)),
            GlassesRoundness = draw.Between(1, 3.6),
            Blur = draw.Chance(0.5) ? draw.Between(0.05, 0.45) : 0,
            Noise = draw.Between(0, 2.5),
        };
    }
}
