using System.Globalization;
using Costate.Faces.Guidance;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Guidance;

/// <summary>Quality against network evaluations, a plot for each task.</summary>
internal static class GuidanceStudyPlots
{
    private const int Width = 1600;
    private const int Height = 800;

    internal static byte[] Loss(IReadOnlyList<GuidanceStudySummary> summaries) => Plots(summaries, "loss", s => s.Loss, logarithmic: true);

    internal static byte[] Psnr(IReadOnlyList<GuidanceStudySummary> summaries) =>
        Plots(summaries, "PSNR, dB", s => s.Psnr, logarithmic: false);

    internal static byte[] Ssim(IReadOnlyList<GuidanceStudySummary> summaries) => Plots(summaries, "SSIM", s => s.Ssim, logarithmic: false);

    private static byte[] Plots(
        IReadOnlyList<GuidanceStudySummary> summaries,
        string what,
        Func<GuidanceStudySummary, MeanInterval?> value,
        bool logarithmic)
    {
        string[] labels = [.. summaries.Select(s => s.Label).Distinct()];
        IGrouping<string, GuidanceStudySummary>[] tasks = [.. summaries.GroupBy(s => s.Task)];
        var all = new Multiplot();
        all.RemovePlot(all.GetPlot(0));
        foreach (IGrouping<string, GuidanceStudySummary> task in tasks)
        {
            all.AddPlot(
                Of(
                    GuideTask.Parse("task", task.Key, GuideTask.All).Label,
                    what,
                    [.. task.Where(s => value(s) is not null)],
                    labels,
                    value,
                    logarithmic));
        }

        all.Layout = new ScottPlot.MultiplotLayouts.Rows();
        return all.Render(Width, Height * tasks.Length).GetImageBytes(ImageFormat.Png);
    }

    private static Plot Of(
        string title,
        string what,
        GuidanceStudySummary[] summaries,
        string[] labels,
        Func<GuidanceStudySummary, MeanInterval?> value,
        bool logarithmic)
    {
        Plot plot = PlotStyle.New(title, "network evaluations", what);
        double[] budgets = [.. summaries.Select(s => (double)s.Budget).Distinct().Order()];
        foreach (IGrouping<string, GuidanceStudySummary> method in summaries.GroupBy(s => s.Label))
        {
            GuidanceStudySummary[] points = [.. method.OrderBy(s => s.NetworkEvaluations)];
            double[] xs = [.. points.Select(s => s.NetworkEvaluations)];
            double[] ys = [.. points.Select(s => Shown(value(s)!.Mean))];
            PlotStyle.AddCurve(
                plot,
                Array.IndexOf(labels, method.Key),
                method.Key,
                xs,
                ys,
                isLinear: !logarithmic);
            foreach (GuidanceStudySummary s in points)
            {
                double x = Math.Log10(s.NetworkEvaluations);
                (double low, double high) = (Shown(value(s)!.Low), Shown(value(s)!.High));
                LinePlot interval = plot.Add.Line(x, logarithmic ? Math.Log10(low) : low, x, logarithmic ? Math.Log10(high) : high);
                interval.Color = Colors.Black.WithOpacity(0.4);
                interval.LineWidth = 1.5f;
            }
        }

        if (budgets.Length > 0)
        {
            plot.Axes.AutoScale();
            plot.Axes.Bottom.TickGenerator = new NumericManual(
                [.. budgets.Select(Math.Log10)],
                [.. budgets.Select(x => x.ToString("0", CultureInfo.InvariantCulture))]);
            if (logarithmic)
            {
                plot.Axes.Left.TickGenerator = PlotStyle.PowersOfTen(plot.Axes.Left.Min, plot.Axes.Left.Max);
            }
        }

        PlotStyle.ShowLegend(plot);
        return plot;

        // A logarithm has none of 0.
        double Shown(double y) => logarithmic ? Math.Max(y, 1e-9) : y;
    }
}
