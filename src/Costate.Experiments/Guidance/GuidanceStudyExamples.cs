using Costate.Experiments.Plots;
using Costate.Faces.Drawing;
using Costate.Faces.Guidance;
using Costate.Faces.Pictures;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Guidance;

/// <summary>
/// Example faces in rows: the face, what is seen of it, and what methods make of it within the largest number of evaluations.
/// </summary>
internal static class GuidanceStudyExamples
{
    private const int RowsOfTask = 2;
    private const int Cell = 128;
    private const int Gap = 6;
    private const int Header = 190;
    private const int Margin = 120;
    private const int LabelSize = 20;

    // For the names of the rows.
    private const int RowLabels = 190;

    internal static byte[] Of(
        GuidanceStudyFolder folder,
        IReadOnlyList<GuidanceStudySummary> summaries,
        IReadOnlyList<GuidanceStudyResult> results)
    {
        string[] labels = [.. summaries.Select(s => s.Label).Distinct()];
        (string Task, int Face, Dictionary<string, GuidanceStudyResult> Results)[] rows =
        [
            .. summaries.GroupBy(s => s.Task).SelectMany(task => Rows(task.Key, task.Max(s => s.Budget), results)),
        ];
        int columns = labels.Length + 2;
        using var bitmap = new SKBitmap(
            new SKImageInfo(Left(columns) + Margin, Header + (rows.Length * (Cell + Gap)), SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var canvas = new SKCanvas(bitmap);
        canvas.Clear(SKColors.White);
        WriteColumns(canvas, ["face", "seen", .. labels]);
        WriteRows(canvas, [.. rows.Select(r => (GuideTask.Parse("task", r.Task, GuideTask.All).Label, $"face {r.Face + 1}"))]);
        foreach ((int row, (string task, int face, Dictionary<string, GuidanceStudyResult> made)) in rows.Index())
        {
            int top = Header + (row * (Cell + Gap));
            foreach ((int column, string label) in labels.Index())
            {
                if (made.TryGetValue(label, out GuidanceStudyResult? result))
                {
                    using var picture = SKBitmap.Decode(folder.PicturePath(face, result.Method));
                    Draw(canvas, picture, column + 2, top);
                    if (column == 0)
                    {
                        DrawSource(canvas, task, face, picture.Width, top);
                    }
                }
            }
        }

        using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    // The first faces that most methods have.
    private static IEnumerable<(string Task, int Face, Dictionary<string, GuidanceStudyResult> Results)> Rows(
        string task,
        long budget,
        IReadOnlyList<GuidanceStudyResult> results) =>
        results.Where(r => r.Task == task && r.Budget == budget)
            .GroupBy(r => r.Face)
            .OrderByDescending(g => g.Count())
            .ThenBy(g => g.Key)
            .Take(RowsOfTask)
            .Select(g => (task, g.Key, g.ToDictionary(r => StudiedMethod.Parse(r.Name).Label)));

    private static void WriteColumns(SKCanvas canvas, string[] labels)
    {
        using SKTypeface typeface = PlotFont.Typeface();
        using var font = new SKFont(typeface, LabelSize);
        using var black = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        foreach ((int column, string label) in labels.Index())
        {
            canvas.Save();
            canvas.Translate(Left(column) + (Cell / 2) - 10, Header - 10);
            canvas.RotateDegrees(-35);
            canvas.DrawText(label, 0, 0, font, black);
            canvas.Restore();
        }
    }

    private static void WriteRows(SKCanvas canvas, IReadOnlyList<(string Task, string Face)> rows)
    {
        using SKTypeface typeface = PlotFont.Typeface();
        using var font = new SKFont(typeface, LabelSize);
        using var black = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        foreach ((int row, (string task, string face)) in rows.Index())
        {
            int middle = Header + (row * (Cell + Gap)) + (Cell / 2);
            canvas.DrawText(task, Gap, middle - 4, font, black);
            canvas.DrawText(face, Gap, middle + LabelSize + 4, font, black);
        }
    }

    // Drawn again, without the noise that a measurement may have had.
    private static void DrawSource(SKCanvas canvas, string name, int face, int side, int top)
    {
        using DisposeScope scope = NewDisposeScope();
        ulong identity = GuidanceStudySettings.FirstIdentity + (ulong)face;
        using SKBitmap whole = DrawnFaces.Draw(identity, 0, side);
        Draw(canvas, whole, 0, top);
        GuideTask task = GuideTask.Parse("task", name, GuideTask.All);
        if (task.IsMeasured)
        {
            Tensor pictures = EvaluationFaces.Stack([(identity, 0)], side, CPU, default);
            using SKBitmap seen = PictureFile.Bitmap(GuideTarget.Degraded(task, new Degradation(), pictures, [0]).Seen![0]);
            Draw(canvas, seen, 1, top);
        }
    }

    private static int Left(int column) => RowLabels + Gap + (column * (Cell + Gap));

    private static void Draw(SKCanvas canvas, SKBitmap face, int column, int top)
    {
        using SKImage image = SKImage.FromBitmap(face);
        canvas.DrawImage(
            image,
            SKRect.Create(face.Width, face.Height),
            SKRect.Create(Left(column), top, Cell, Cell),
            new SKSamplingOptions(SKFilterMode.Nearest));
    }
}
