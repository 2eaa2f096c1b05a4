using SkiaSharp;

namespace Costate.Faces.Drawing;

/// <summary>Hair: what lies behind the head, and what lies on it.</summary>
internal static class HairPainter
{
    /// <summary>Draws what the head will cover.</summary>
    internal static void Behind(SKCanvas canvas, FaceIdentity person)
    {
        SKColor colour = person.HairColour.Shaded(0.28f);
        float width = person.HeadWidth + person.HairVolume;
        switch (person.Hair)
        {
            case HairStyle.Bob:
                Fall(canvas, width, 13, 1.5f, colour);
                break;
            case HairStyle.Long:
                Fall(canvas, width, 33, 2.5f, colour);
                break;
            case HairStyle.Curls:
                Locks(canvas, person, Enumerable.Range(-5, 29).Select(i => i * 10f), width + 0.5f, 4.2f, colour, stretch: 1.25f);
                break;
            case HairStyle.Afro:
                canvas.Oval(0, -6, width + 5, 19 + person.HairVolume, colour);
                Locks(canvas, person, Enumerable.Range(0, 20).Select(i => i * 18f), width + 3.5f, 3.6f, colour, stretch: 1.02f);
                break;
            case HairStyle.Bun:
                canvas.Oval(0, HeadShape.Crown - person.HairVolume - 2.5f, 5 + person.HairVolume, 4 + (person.HairVolume * 0.6f), colour);
                break;
        }
    }

    /// <summary>Draws what covers the head.</summary>
    internal static void Before(SKCanvas canvas, FaceIdentity person)
    {
        using SKPath cap = person.Hair switch
        {
            HairStyle.Shaven => Cap(person, volume: 0.1f, side: -4, temple: 0.86f, middle: person.Hairline + 0.5f),
            HairStyle.Crop => Cap(person, 0.5f + (person.HairVolume * 0.45f), side: 0, temple: 0.8f, person.Hairline),
            HairStyle.SideParting => Parted(person, Side(person) * 0.45f, side: 1),
            HairStyle.Quiff => Cap(person, 2.2f + person.HairVolume, side: -1, temple: 0.76f, person.Hairline - 1),
            HairStyle.Receding => Cap(person, 0.4f + (person.HairVolume * 0.3f), side: 0, temple: 0.97f, person.Hairline - 3.5f),
            HairStyle.Bob => Fringe(person),
            HairStyle.Long => Parted(person, Side(person) * 0.12f, side: 7),
            HairStyle.Curls => Cap(person, 1.5f + (person.HairVolume * 0.6f), side: 1, temple: 0.85f, person.Hairline),
            HairStyle.Afro => Cap(person, 2 + person.HairVolume, side: -1, temple: 0.88f, person.Hairline),
            _ => Cap(person, 0.6f + (person.HairVolume * 0.3f), side: -3, temple: 0.9f, person.Hairline + 0.5f),
        };
        float opacity = person.Hair == HairStyle.Shaven ? 0.42f : 1;
        SKColor shade = person.HairColour.Shaded(0.3f).Opacity(opacity);
        SKColor light = person.HairColour.Lit(0.14f).Opacity(opacity);
        canvas.Fill(
            cap,
            SKShader.CreateRadialGradient(
                new SKPoint(-4, -17),
                person.HeadWidth * 1.25f,
                [light, person.HairColour.Opacity(opacity), shade],
                [0, 0.55f, 1],
                SKShaderTileMode.Clamp));
        if (person.Hair is HairStyle.Curls or HairStyle.Afro)
        {
            Locks(
                canvas,
                person,
                Enumerable.Range(1, 17).Select(i => i * 10f),
                person.HeadWidth - 1,
                2.4f,
                person.HairColour,
                stretch: 0.98f);
        }
        else if (person.Hair != HairStyle.Shaven)
        {
            Strands(canvas, person, cap);
        }
    }

    private static float Side(FaceIdentity person) => (person.PartsLeft ? -1 : 1) * person.HeadWidth;

    // Round the outside of the skull and back along a hairline.
    private static SKPath Cap(FaceIdentity person, float volume, float side, float temple, float middle)
    {
        SKPath path = Skull(person, volume, side);
        path.CubicTo(
            person.HeadWidth * temple * 1.04f,
            side - 4,
            person.HeadWidth * temple,
            middle + 1.5f,
            person.HeadWidth * 0.42f,
            middle);
        path.QuadTo(0, middle - 0.8f, -person.HeadWidth * 0.42f, middle);
        path.CubicTo(
            -person.HeadWidth * temple,
            middle + 1.5f,
            -person.HeadWidth * temple * 1.04f,
            side - 4,
            -person.HeadWidth - Over(volume),
            side);
        path.Close();
        return path;
    }

    private static SKPath Parted(FaceIdentity person, float parting, float side)
    {
        float volume = 0.8f + (person.HairVolume * 0.6f);
        SKPath path = Skull(person, volume, side);
        path.CubicTo(person.HeadWidth * 0.86f, side - 3, person.HeadWidth * 0.93f, person.Hairline + 2.5f, parting, person.Hairline - 2.2f);
        path.CubicTo(
            -person.HeadWidth * 0.93f,
            person.Hairline + 2.5f,
            -person.HeadWidth * 0.86f,
            side - 3,
            -person.HeadWidth - Over(volume),
            side);
        path.Close();
        return path;
    }

    private static SKPath Fringe(FaceIdentity person)
    {
        float volume = 1 + (person.HairVolume * 0.6f);
        float inner = person.HeadWidth * 0.84f;
        float edge = person.Hairline * 0.45f - 3.6f;
        SKPath path = Skull(person, volume, 12);
        path.CubicTo(inner, 9, inner, 0, inner * 0.98f, edge + 1.5f);
        path.QuadTo(0, edge - 1.4f, -inner * 0.98f, edge + 1.5f);
        path.CubicTo(-inner, 0, -inner, 9, -person.HeadWidth - Over(volume), 12);
        path.Close();
        return path;
    }

    private static SKPath Skull(FaceIdentity person, float volume, float side)
    {
        float width = person.HeadWidth + Over(volume);
        float top = HeadShape.Crown - volume;
        var path = new SKPath();
        path.MoveTo(-width, side);
        path.CubicTo(-width - (volume * 0.3f), -12, -width * 0.78f, top, 0, top);
        path.CubicTo(width * 0.78f, top, width + (volume * 0.3f), -12, width, side);
        return path;
    }

    private static float Over(float volume) => MathF.Min(0.3f + (volume * 0.35f), 1.8f);

    private static void Fall(SKCanvas canvas, float width, float length, float flare, SKColor colour)
    {
        using var path = new SKPath();
        path.MoveTo(0, HeadShape.Crown - 1);
        path.CubicTo(width * 0.9f, HeadShape.Crown - 1, width + 1, -10, width + 0.6f, 0);
        path.CubicTo(width + 0.6f, 6, width + flare, length - 6, width + flare - 1, length);
        path.QuadTo(0, length + 3, -width - flare + 1, length);
        path.CubicTo(-width - flare, length - 6, -width - 0.6f, 6, -width - 0.6f, 0);
        path.CubicTo(-width - 1, -10, -width * 0.9f, HeadShape.Crown - 1, 0, HeadShape.Crown - 1);
        path.Close();
        canvas.Fill(path, colour);
    }

    private static void Locks(
        SKCanvas canvas,
        FaceIdentity person,
        IEnumerable<float> degrees,
        float radius,
        float size,
        SKColor colour,
        float stretch)
    {
        int i = 0;
        foreach (float angle in degrees)
        {
            (float sine, float cosine) = MathF.SinCos(angle * MathF.PI / 180);
            float own = size + (0.5f * (i++ % 3)) + (person.HairVolume * 0.2f);
            canvas.Oval(cosine * radius, -3 - (sine * radius * stretch), own, own, i % 2 == 0 ? colour : colour.Lit(0.07f));
        }
    }

    private static void Strands(SKCanvas canvas, FaceIdentity person, SKPath cap)
    {
        canvas.Save();
        canvas.ClipPath(cap, SKClipOperation.Intersect, antialias: true);
        float parting = person.Hair switch
        {
            HairStyle.SideParting => Side(person) * 0.45f,
            HairStyle.Long => Side(person) * 0.12f,
            _ => 0,
        };
        for (int i = -5; i <= 5; i++)
        {
            float x = i * person.HeadWidth * 0.2f;
            SKColor colour = (i & 1) == 0 ? person.HairColour.Lit(0.25f) : person.HairColour.Shaded(0.4f);
            canvas.Stroke(
                new SKPoint(parting + (x * 0.15f), HeadShape.Crown - 3),
                new SKPoint(parting + (x * 0.85f), -17),
                new SKPoint(x * 1.15f, -3),
                colour.Opacity(0.4f),
                0.7f);
        }

        canvas.Restore();
    }
}
