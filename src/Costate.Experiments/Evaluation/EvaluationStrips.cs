using Costate.Experiments.Plots;
using Costate.Faces.Drawing;
using SkiaSharp;

namespace Costate.Experiments.Evaluation;

/// <summary>Example pairs in rows: A, what each method makes of the pair, B.</summary>
internal static class EvaluationStrips
{
    private const int Rows = 6;
    private const int Cell = 128;
    private const int Gap = 6;
    private const int Header = 170;
    private const int Margin = 90;

    internal static byte[] Of(EvaluationFolder folder, IReadOnlyList<MethodSummary> methods, IReadOnlyList<PairResult> results)
    {
        // The methods of the table alone: a variant looks like its method.
        MethodSummary[] shown = [.. methods.Where(m => m.Method != "source" && !m.Method.Contains(':', StringComparison.Ordinal))];
        shown = shown.Length == 0 ? [.. methods] : shown;
        PairResult[] pairs = Chosen(shown, results);
        int columns = shown.Length + 2;
        using var bitmap = new SKBitmap(
            new SKImageInfo(
                (columns * (Cell + Gap)) + Gap + Margin,
                Header + (pairs.Length * (Cell + Gap)),
                SKColorType.Rgba8888,
                SKAlphaType.Opaque));
        using var canvas = new SKCanvas(bitmap);
        canvas.Clear(SKColors.White);
        string[] labels = ["A", .. shown.Select(m => m.Label), "B"];
        using SKTypeface typeface = PlotFont.Typeface();
        using var font = new SKFont(typeface, 20);
        using var black = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        foreach ((int column, string label) in labels.Index())
        {
            canvas.Save();
            canvas.Translate(Left(column) + (Cell / 2) - 10, Header - 10);
            canvas.RotateDegrees(-35);
            canvas.DrawText(label, 0, 0, font, black);
            canvas.Restore();
        }

        foreach ((int row, PairResult pair) in pairs.Index())
        {
            int top = Header + (row * (Cell + Gap));
            foreach ((int column, MethodSummary method) in shown.Index())
            {
                using var morph = SKBitmap.Decode(folder.PicturePath(pair.Pair, method.Method));
                Draw(canvas, morph, Left(column + 1), top);
                if (column == 0)
                {
                    using SKBitmap a = DrawnFaces.Draw(pair.A, 0, morph.Width);
                    using SKBitmap b = DrawnFaces.Draw(pair.B, 0, morph.Width);
                    Draw(canvas, a, Left(0), top);
                    Draw(canvas, b, Left(columns - 1), top);
                }
            }
        }

        using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static int Left(int column) => Gap + (column * (Cell + Gap));

    private static void Draw(SKCanvas canvas, SKBitmap face, int left, int top)
    {
        using SKImage image = SKImage.FromBitmap(face);
        canvas.DrawImage(
            image,
            SKRect.Create(face.Width, face.Height),
            SKRect.Create(left, top, Cell, Cell),
            new SKSamplingOptions(SKFilterMode.Nearest));
    }

    // Pairs that all methods have, at even distances.
    private static PairResult[] Chosen(MethodSummary[] methods, IReadOnlyList<PairResult> results)
    {
        PairResult[] complete =
        [
            .. results.GroupBy(r => r.Pair)
                .Where(g => methods.All(m => g.Any(r => r.Method == m.Method)))
                .Select(g => g.First()),
        ];
        int count = Math.Min(Rows, complete.Length);
        return [.. Enumerable.Range(0, count).Select(i => complete[i * complete.Length / count])];
    }
}
