using SkiaSharp;

namespace Costate.Faces.Drawing;

/// <summary>The strokes that a portrait is made of.</summary>
internal static class Brush
{
    /// <summary>Fills a shape with a colour.</summary>
    internal static void Fill(this SKCanvas canvas, SKPath shape, SKColor colour, float softness = 0)
    {
        using var paint = new SKPaint { IsAntialias = true, Color = colour };
        using SKMaskFilter? blur = softness > 0 ? SKMaskFilter.CreateBlur(SKBlurStyle.Normal, softness) : null;
        paint.MaskFilter = blur;
        canvas.DrawPath(shape, paint);
    }

    /// <summary>Fills a shape with what a shader gives.</summary>
    internal static void Fill(this SKCanvas canvas, SKPath shape, SKShader shader)
    {
        using var paint = new SKPaint { IsAntialias = true, Shader = shader };
        canvas.DrawPath(shape, paint);
        shader.Dispose();
    }

    /// <summary>Fills an ellipse.</summary>
    internal static void Oval(this SKCanvas canvas, float x, float y, float radiusX, float radiusY, SKColor colour, float softness = 0)
    {
        using var shape = new SKPath();
        shape.AddOval(new SKRect(x - radiusX, y - radiusY, x + radiusX, y + radiusY));
        canvas.Fill(shape, colour, softness);
    }

    /// <summary>Draws along a curve from one point over a control point to another.</summary>
    internal static void Stroke(this SKCanvas canvas, SKPoint from, SKPoint control, SKPoint to, SKColor colour, float width)
    {
        using var builder = new SKPath();
        builder.MoveTo(from);
        builder.QuadTo(control, to);
        canvas.Outline(builder, colour, width);
    }

    /// <summary>Draws along the edge of a shape.</summary>
    internal static void Outline(this SKCanvas canvas, SKPath shape, SKColor colour, float width)
    {
        using var paint = new SKPaint
        {
            IsAntialias = true,
            IsStroke = true,
            StrokeCap = SKStrokeCap.Round,
            StrokeWidth = width,
            Color = colour,
        };
        canvas.DrawPath(shape, paint);
    }
}
