using SkiaSharp;

namespace Costate.Faces.Drawing;

/// <summary>The outline of a head, as far as its hair, beard and light need it.</summary>
internal static class HeadShape
{
    /// <summary>Where the skull ends above.</summary>
    internal const float Crown = -19;

    /// <summary>The whole head without ears.</summary>
    internal static SKPath Outline(FaceIdentity person)
    {
        float width = person.HeadWidth;
        var path = new SKPath();
        path.MoveTo(0, Crown);
        path.CubicTo(width * 0.72f, Crown, width, -13, width, -3);
        path.CubicTo(width, 5, Jaw(person) + 0.7f, person.JawHeight - 2.5f, Jaw(person), person.JawHeight);
        path.CubicTo(Jaw(person) - 1.2f, ChinCurve(person), person.ChinWidth, person.ChinHeight, 0, person.ChinHeight);
        path.CubicTo(-person.ChinWidth, person.ChinHeight, -Jaw(person) + 1.2f, ChinCurve(person), -Jaw(person), person.JawHeight);
        path.CubicTo(-Jaw(person) - 0.7f, person.JawHeight - 2.5f, -width, 5, -width, -3);
        path.CubicTo(-width, -13, -width * 0.72f, Crown, 0, Crown);
        path.Close();
        return path;
    }

    /// <summary>The part of the face that a beard covers.</summary>
    internal static SKPath BeardLine(FaceIdentity person)
    {
        float mouth = person.NoseLength + person.MouthHeight;
        using SKPath head = Outline(person);
        var cheeks = new SKPath();
        cheeks.MoveTo(-person.HeadWidth - 2, 1);
        cheeks.CubicTo(-person.HeadWidth + 3, mouth - 3, -person.MouthWidth - 3, mouth - 4, 0, mouth - 0.6f);
        cheeks.CubicTo(person.MouthWidth + 3, mouth - 4, person.HeadWidth - 3, mouth - 3, person.HeadWidth + 2, 1);
        cheeks.LineTo(person.HeadWidth + 2, 32);
        cheeks.LineTo(-person.HeadWidth - 2, 32);
        cheeks.Close();
        SKPath beard = head.Op(cheeks, SKPathOp.Intersect);
        cheeks.Dispose();
        return beard;
    }

    private static float Jaw(FaceIdentity person) => person.HeadWidth * person.JawWidth;

    private static float ChinCurve(FaceIdentity person) => person.JawHeight + ((person.ChinHeight - person.JawHeight) * 0.7f);
}
