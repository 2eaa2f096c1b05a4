using SkiaSharp;

namespace Costate.Faces.Drawing;

/// <summary>Eyes, brows, nose and mouth.</summary>
internal static class FeaturePainter
{
    /// <summary>Draws one eye and its brow.</summary>
    /// <param name="canvas">Where.</param>
    /// <param name="person">Whose.</param>
    /// <param name="moment">When.</param>
    /// <param name="side">-1 for the left one in the picture, 1 for the right one.</param>
    internal static void Eye(SKCanvas canvas, FaceIdentity person, FaceCircumstance moment, int side)
    {
        canvas.Save();
        canvas.Translate(side * person.EyeSpacing, 0);
        canvas.Scale(side, 1);
        float narrowing = 1 - (0.1f * MathF.Abs(moment.Yaw)) - (MathF.Max(0, moment.Smile) * 0.04f);
        float width = person.EyeWidth * narrowing;
        float opening = person.EyeOpening * (1 - moment.EyeClosing);
        canvas.Oval(0, -0.4f, width + 1.2f, opening + 1.6f, person.Skin.Shaded(0.3f).Opacity(0.4f), softness: 0.8f);
        canvas.RotateRadians(-person.EyeTilt);
        using SKPath shape = Almond(width, opening);
        canvas.Fill(shape, new SKColor(248, 246, 242));
        canvas.Save();
        canvas.ClipPath(shape, SKClipOperation.Intersect, antialias: true);
        float iris = MathF.Min(1.15f + (person.EyeOpening * 0.38f), width * 0.62f);
        (float x, float y) = (moment.Gaze.X * side, moment.Gaze.Y);
        canvas.Oval(x, y, iris, iris, person.Iris.Shaded(0.45f));
        canvas.Oval(x, y, iris * 0.8f, iris * 0.8f, person.Iris.Lit(0.1f));
        canvas.Oval(x, y, iris * 0.42f, iris * 0.42f, new SKColor(12, 10, 12));
        canvas.Oval(x - (0.4f * side), y - 0.5f, 0.36f, 0.36f, SKColors.White);
        canvas.Restore();
        SKColor lash = person.HairColour.Towards(new SKColor(24, 16, 14), 0.75f);
        canvas.Stroke(new SKPoint(-width, 0.2f), new SKPoint(0, -opening * 2.05f), new SKPoint(width + 0.3f, -0.1f), lash, 0.62f);
        canvas.Stroke(
            new SKPoint(-width * 0.8f, 0.6f),
            new SKPoint(0, opening * 1.75f),
            new SKPoint(width * 0.9f, 0.4f),
            person.Skin.Shaded(0.5f).Opacity(0.6f),
            0.32f);
        canvas.Stroke(
            new SKPoint(-width * 0.8f, -opening - 0.4f),
            new SKPoint(0, (-opening * 1.9f) - 0.9f),
            new SKPoint(width, -opening - 0.2f),
            person.Skin.Shaded(0.45f).Opacity(0.5f),
            0.35f);
        canvas.RotateRadians(person.EyeTilt);
        Brow(canvas, person, moment);
        canvas.Restore();
    }

    /// <summary>Draws the nose.</summary>
    internal static void Nose(SKCanvas canvas, FaceIdentity person, FaceCircumstance moment)
    {
        float shift = moment.Yaw * 0.9f;
        float tip = person.NoseLength + (moment.Pitch * 0.5f);
        float width = person.NoseWidth;
        int shaded = moment.LightAngle < -90 ? 1 : -1;
        SKColor shade = person.Skin.Shaded(0.42f);
        canvas.Stroke(
            new SKPoint(shaded * (1.1f + (person.NoseBridge * 0.5f)), 0.4f),
            new SKPoint(shaded * (0.8f + (person.NoseBridge * 0.8f)), tip * 0.6f),
            new SKPoint(shift + (shaded * width * 0.72f), tip - 1.2f),
            shade.Opacity(0.5f),
            0.8f + (person.NoseBridge * 0.5f));
        canvas.Stroke(
            new SKPoint(-shaded * 0.3f, 1),
            new SKPoint(0, tip * 0.5f),
            new SKPoint(shift, tip - 1.6f),
            person.Skin.Lit(0.5f).Opacity(0.55f),
            0.9f + (person.NoseBridge * 0.4f));
        canvas.Oval(shift, tip - 0.8f, width * 0.62f, 1.3f, person.Skin.Lit(0.3f).Opacity(0.5f), softness: 0.5f);
        canvas.Stroke(
            new SKPoint(shift - width, tip - 1),
            new SKPoint(shift - width - 0.1f, tip + 0.7f),
            new SKPoint(shift - (width * 0.5f), tip + 0.35f),
            shade.Opacity(0.85f),
            0.55f);
        canvas.Stroke(
            new SKPoint(shift + width, tip - 1),
            new SKPoint(shift + width + 0.1f, tip + 0.7f),
            new SKPoint(shift + (width * 0.5f), tip + 0.35f),
            shade.Opacity(0.85f),
            0.55f);
        canvas.Stroke(
            new SKPoint(shift - (width * 0.5f), tip + 0.35f),
            new SKPoint(shift, tip + 1.15f),
            new SKPoint(shift + (width * 0.5f), tip + 0.35f),
            shade.Opacity(0.75f),
            0.5f);
        canvas.Oval(shift - (width * 0.46f), tip + 0.35f, 0.62f, 0.36f, person.Skin.Shaded(0.75f).Opacity(0.8f));
        canvas.Oval(shift + (width * 0.46f), tip + 0.35f, 0.62f, 0.36f, person.Skin.Shaded(0.75f).Opacity(0.8f));
    }

    /// <summary>Draws the mouth.</summary>
    internal static void Mouth(SKCanvas canvas, FaceIdentity person, FaceCircumstance moment)
    {
        float y = person.NoseLength + person.MouthHeight;
        float width = person.MouthWidth * (1 + (0.13f * moment.Smile));
        float corner = y - (moment.Smile * 1.25f);
        float open = moment.MouthOpening * 2.3f;
        float upper = person.LipFullness * 0.85f;
        float lower = person.LipFullness * 1.15f;
        SKColor lips = person.Skin.Towards(new SKColor(176, 56, 62), 0.28f + (0.42f * person.LipColour)).Shaded(0.1f);
        using var whole = new SKPath();
        whole.MoveTo(-width, corner);
        whole.CubicTo(-width * 0.5f, y - upper - 0.5f, -width * 0.22f, y - upper - 0.9f, 0, y - upper);
        whole.CubicTo(width * 0.22f, y - upper - 0.9f, width * 0.5f, y - upper - 0.5f, width, corner);
        whole.CubicTo(width * 0.55f, y + open + lower + 0.8f, -width * 0.55f, y + open + lower + 0.8f, -width, corner);
        whole.Close();
        canvas.Fill(
            whole,
            SKShader.CreateLinearGradient(
                new SKPoint(0, y - upper),
                new SKPoint(0, y + open + lower),
                [lips.Shaded(0.18f), lips, lips.Lit(0.16f)],
                [0, 0.5f, 1],
                SKShaderTileMode.Clamp));
        if (open > 0)
        {
            using var inside = new SKPath();
            inside.MoveTo(-width * 0.86f, corner + 0.15f);
            inside.QuadTo(0, y - 0.5f, width * 0.86f, corner + 0.15f);
            inside.QuadTo(0, y + (open * 2) + 0.4f, -width * 0.86f, corner + 0.15f);
            inside.Close();
            canvas.Fill(inside, new SKColor(74, 18, 22));
            canvas.Save();
            canvas.ClipPath(inside, SKClipOperation.Intersect, antialias: true);
            using var teeth = new SKPath();
            teeth.AddRect(new SKRect(-width, corner - 2, width, y + MathF.Min(0.85f, open * 0.6f)));
            canvas.Fill(teeth, new SKColor(244, 240, 230));
            canvas.Restore();
        }
        else
        {
            canvas.Stroke(
                new SKPoint(-width, corner),
                new SKPoint(0, (2 * y) - corner + 0.1f),
                new SKPoint(width, corner),
                lips.Shaded(0.62f),
                0.55f);
        }

        canvas.Oval(0, y + open + lower + 1.5f, width * 0.5f, 0.6f, person.Skin.Shaded(0.35f).Opacity(0.45f), softness: 0.5f);
        canvas.Oval(-width - 0.4f, corner, 0.5f, 0.5f, person.Skin.Shaded(0.5f).Opacity(0.55f), softness: 0.25f);
        canvas.Oval(width + 0.4f, corner, 0.5f, 0.5f, person.Skin.Shaded(0.5f).Opacity(0.55f), softness: 0.25f);
    }

    /// <summary>Draws the glasses.</summary>
    internal static void Glasses(SKCanvas canvas, FaceIdentity person, FaceCircumstance moment)
    {
        float width = MathF.Min(person.EyeSpacing - 1, person.EyeWidth + 1.5f);
        foreach (int side in new[] { -1, 1 })
        {
            using var frame = new SKPath();
            frame.AddRoundRect(
                new SKRect((side * person.EyeSpacing) - width, -3.1f, (side * person.EyeSpacing) + width, 3.5f),
                moment.GlassesRoundness,
                moment.GlassesRoundness);
            canvas.Fill(frame, SKColors.White.Opacity(0.12f));
            canvas.Outline(frame, moment.GlassesColour, 0.75f);
            canvas.Stroke(
                new SKPoint(side * (person.EyeSpacing + width), -1),
                new SKPoint(side * person.HeadWidth, -1.3f),
                new SKPoint(side * person.HeadWidth, -1),
                moment.GlassesColour,
                0.7f);
        }

        float inner = person.EyeSpacing - width;
        canvas.Stroke(new SKPoint(-inner, -0.6f), new SKPoint(0, -1.8f), new SKPoint(inner, -0.6f), moment.GlassesColour, 0.7f);
    }

    private static SKPath Almond(float width, float opening)
    {
        var path = new SKPath();
        path.MoveTo(-width, 0.25f);
        path.CubicTo(-width * 0.5f, -opening * 1.35f, width * 0.45f, -opening * 1.45f, width, 0);
        path.CubicTo(width * 0.5f, opening * 1.1f, -width * 0.4f, opening * 1.2f, -width, 0.25f);
        path.Close();
        return path;
    }

    private static void Brow(SKCanvas canvas, FaceIdentity person, FaceCircumstance moment)
    {
        float y = person.BrowHeight - moment.BrowRaise;
        float half = person.EyeWidth + 1.1f;
        float tilt = person.BrowTilt * half;
        float thick = person.BrowThickness;
        using var path = new SKPath();
        path.MoveTo(-half, y + tilt + (thick * 0.35f));
        path.QuadTo(0, y - person.BrowArch - (thick * 0.5f), half, y - tilt);
        path.QuadTo(0.3f, y - person.BrowArch + thick, -half, y + tilt + thick);
        path.Close();
        canvas.Fill(path, person.HairColour.Towards(new SKColor(30, 20, 16), 0.4f).Opacity(0.92f));
    }
}
