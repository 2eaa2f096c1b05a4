using SkiaSharp;

namespace Costate.Faces.Drawing;

/// <summary>Paints a person in a circumstance, in sixty-fourths of the picture's side.</summary>
internal static class FacePainter
{
    private const float Side = 64;

    // How large a head stands in the picture.
    private const float Closeness = 1.12f;

    /// <summary>Paints the whole picture.</summary>
    internal static void Paint(SKCanvas canvas, FaceIdentity person, FaceCircumstance moment)
    {
        Background(canvas, moment);
        canvas.Save();
        canvas.Translate(32 + moment.Shift.X, 32.5f + moment.Shift.Y);
        canvas.Scale(Closeness * moment.Scale);
        canvas.RotateDegrees(moment.Roll, 0, 12);
        HairPainter.Behind(canvas, person);
        Body(canvas, person, moment);
        Ears(canvas, person, moment);
        using SKPath head = HeadShape.Outline(person);
        Head(canvas, head, person, moment);
        canvas.Save();
        canvas.ClipPath(head, SKClipOperation.Intersect, antialias: true);
        canvas.Translate(moment.Yaw * 2, moment.Pitch * 1.1f);
        Complexion(canvas, person);
        Beard(canvas, person);
        canvas.Restore();
        canvas.Save();
        canvas.Translate(moment.Yaw * 2, moment.Pitch * 1.1f);
        FeaturePainter.Eye(canvas, person, moment, -1);
        FeaturePainter.Eye(canvas, person, moment, 1);
        FeaturePainter.Nose(canvas, person, moment);
        FeaturePainter.Mouth(canvas, person, moment);
        canvas.Restore();
        canvas.Save();
        canvas.Translate(moment.Yaw * 0.5f, moment.Pitch * 0.4f);
        HairPainter.Before(canvas, person);
        canvas.Restore();
        if (moment.Glasses)
        {
            canvas.Translate(moment.Yaw * 2, moment.Pitch * 1.1f);
            FeaturePainter.Glasses(canvas, person, moment);
        }

        canvas.Restore();
        Light(canvas, moment);
    }

    private static void Background(SKCanvas canvas, FaceCircumstance moment)
    {
        using var all = new SKPath();
        all.AddRect(new SKRect(0, 0, Side, Side));
        canvas.Fill(
            all,
            SKShader.CreateLinearGradient(
                new SKPoint(0, 0),
                new SKPoint(Side * 0.3f, Side),
                [moment.BackgroundAbove, moment.BackgroundBelow],
                SKShaderTileMode.Clamp));
        canvas.Oval(32 + (moment.Shift.X * 6), 24, 26, 26, SKColors.White.Opacity(0.16f), softness: 8);
    }

    private static void Body(SKCanvas canvas, FaceIdentity person, FaceCircumstance moment)
    {
        float neck = (person.HeadWidth * 0.38f) + (person.HeadWidth * person.JawWidth * 0.22f);
        using var throat = new SKPath();
        throat.MoveTo(-neck, 8);
        throat.LineTo(neck, 8);
        throat.CubicTo(neck, 24, neck + 1, 26, neck + 6, 30);
        throat.LineTo(neck + 6, 42);
        throat.LineTo(-neck - 6, 42);
        throat.LineTo(-neck - 6, 30);
        throat.CubicTo(-neck - 1, 26, -neck, 24, -neck, 8);
        canvas.Fill(throat, person.Skin.Shaded(0.14f));
        canvas.Oval(0, person.ChinHeight + 0.5f, neck + 2, 3.2f, person.Skin.Shaded(0.45f).Opacity(0.65f), softness: 1.4f);
        using var shoulders = new SKPath();
        float collar = moment.Collar switch { 0 => 26.5f, 1 => 29.5f, _ => 33f };
        shoulders.MoveTo(-36, 42);
        shoulders.CubicTo(-32, 28.5f, -neck - 8, 28, -neck - 1, 25);
        shoulders.QuadTo(0, (2 * collar) - 25, neck + 1, 25);
        shoulders.CubicTo(neck + 8, 28, 32, 28.5f, 36, 42);
        shoulders.Close();
        canvas.Fill(shoulders, moment.Clothes);
        canvas.Stroke(
            new SKPoint(-neck - 1, 25),
            new SKPoint(0, (2 * collar) - 25),
            new SKPoint(neck + 1, 25),
            moment.Clothes.Shaded(0.4f),
            0.8f);
    }

    private static void Ears(SKCanvas canvas, FaceIdentity person, FaceCircumstance moment)
    {
        foreach (int side in new[] { -1, 1 })
        {
            float x = side * (person.HeadWidth - 0.3f - (side * moment.Yaw * 0.9f));
            canvas.Oval(x, 1.2f, person.EarSize * 0.62f, person.EarSize, person.Skin.Shaded(0.1f));
            canvas.Oval(x + (side * 0.2f), 1.3f, person.EarSize * 0.32f, person.EarSize * 0.6f, person.Skin.Shaded(0.4f).Opacity(0.6f));
        }
    }

    private static void Head(SKCanvas canvas, SKPath head, FaceIdentity person, FaceCircumstance moment)
    {
        (float sine, float cosine) = MathF.SinCos(moment.LightAngle * MathF.PI / 180);
        var highlight = new SKPoint(cosine * 9, (sine * 9) + 2);
        canvas.Fill(head, SKShader.CreateRadialGradient(
            highlight, person.HeadWidth * 1.95f,
            [person.Skin.Lit(0.1f + (moment.LightStrength * 0.2f)), person.Skin, person.Skin.Shaded(0.1f + (moment.LightStrength * 0.32f))],
            [0, 0.5f, 1], SKShaderTileMode.Clamp));
        canvas.Outline(head, person.Skin.Shaded(0.4f).Opacity(0.45f), 0.4f);
    }

    private static void Complexion(SKCanvas canvas, FaceIdentity person)
    {
        SKColor blush = person.Skin.Towards(new SKColor(214, 66, 56), 0.55f).Opacity(0.12f + (0.34f * person.Blush));
        canvas.Oval(-person.EyeSpacing - 2.2f, 6.2f, 3.4f, 2.5f, blush, softness: 1.5f);
        canvas.Oval(person.EyeSpacing + 2.2f, 6.2f, 3.4f, 2.5f, blush, softness: 1.5f);
        foreach (SKPoint freckle in person.Freckles)
        {
            canvas.Oval(freckle.X, freckle.Y, 0.42f, 0.4f, person.Skin.Shaded(0.45f).Opacity(0.6f));
        }

        foreach (SKPoint mole in person.Moles)
        {
            canvas.Oval(mole.X, mole.Y, 0.75f, 0.7f, person.Skin.Shaded(0.75f));
        }
    }

    private static void Beard(SKCanvas canvas, FaceIdentity person)
    {
        SKColor colour = person.HairColour.Shaded(0.15f);
        if (person.Beard > 0)
        {
            using SKPath beard = HeadShape.BeardLine(person);
            canvas.Fill(beard, colour.Opacity(0.15f + (0.8f * person.Beard)), softness: 0.7f);
        }

        if (person.Moustache > 0)
        {
            float y = person.NoseLength + 1.1f;
            float end = person.NoseLength + person.MouthHeight + 0.2f;
            using var path = new SKPath();
            path.MoveTo(0, y);
            path.CubicTo(person.MouthWidth * 0.6f, y, person.MouthWidth, y + 1, person.MouthWidth + 0.8f, end);
            path.QuadTo(person.MouthWidth * 0.4f, end - 1.2f, 0, end - 1.6f);
            path.QuadTo(-person.MouthWidth * 0.4f, end - 1.2f, -person.MouthWidth - 0.8f, end);
            path.CubicTo(-person.MouthWidth, y + 1, -person.MouthWidth * 0.6f, y, 0, y);
            path.Close();
            canvas.Fill(path, colour.Opacity(person.Moustache), softness: 0.3f);
        }
    }

    private static void Light(SKCanvas canvas, FaceCircumstance moment)
    {
        (float sine, float cosine) = MathF.SinCos(moment.LightAngle * MathF.PI / 180);
        using SKShader shader = SKShader.CreateLinearGradient(
            new SKPoint(32 + (cosine * 36), 32 + (sine * 36)), new SKPoint(32 - (cosine * 36), 32 - (sine * 36)),
            [moment.LightColour.Opacity(moment.LightStrength * 0.8f), new SKColor(20, 22, 40).Opacity(moment.LightStrength * 0.7f)],
            SKShaderTileMode.Clamp);
        using var paint = new SKPaint { Shader = shader, BlendMode = SKBlendMode.SoftLight };
        canvas.DrawRect(0, 0, Side, Side, paint);
    }
}
