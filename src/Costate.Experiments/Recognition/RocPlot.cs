using Costate.Faces.Files;
using Costate.Faces.Recognition;
using Costate.Faces.Training;
using ScottPlot;
using ScottPlot.TickGenerators;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Recognition;

/// <summary>The receiver operating characteristics of recognisers: true against false match rate, for all thresholds.</summary>
internal static class RocPlot
{
    internal const string FileName = "recognisers-roc.png";

    private const int Points = 200;
    private const int MaxTicks = 10;

    // Between two ticks of the vertical axis.
    private static readonly double[] Steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1];

    /// <summary>Writes it into a folder.</summary>
    internal static void Write(string folder, RecogniserEvaluation evaluation)
    {
        using OutputFolder output = OutputFolder.Prepare(folder, FileName);
        File.WriteAllBytes(output.Stage(FileName), Of(evaluation));
        output.Commit();
    }

    internal static byte[] Of(RecogniserEvaluation evaluation)
    {
        Calibration measured = evaluation.Calibration;
        Plot plot = PlotStyle.New(
            $"Faces of {measured.Identities} people whom no recogniser was trained on",
            "false match rate",
            "true match rate, %");
        double leftmost = Math.Ceiling(Math.Log10(10.0 / measured.ImpostorPairs));
        double[] rates = [.. Enumerable.Range(0, Points).Select(i => Math.Pow(10, leftmost * (1 - ((i + 1.0) / (Points + 1)))))];
        double lowest = 1;
        foreach ((int i, CalibratedRecogniser recogniser) in measured.Recognisers.Index())
        {
            MatchScores scores = evaluation.Scores[i];
            double[] shares = [.. rates.Select(rate => scores.TrueMatchRate(scores.Threshold(rate)))];
            lowest = Math.Min(lowest, shares.Min());
            PlotStyle.AddLine(plot, i, $"{recogniser.Name} ({recogniser.Loss})", rates, [.. shares.Select(share => 100 * share)]);
        }

        PlotStyle.AddVertical(plot, RecogniserEvaluation.TargetFalseMatchRate);
        plot.Axes.Bottom.TickGenerator = PlotStyle.PowersOfTen();
        double step = Steps.FirstOrDefault(s => (1 - lowest) / s <= MaxTicks, Steps[^1]);
        double bottom = Math.Max(0, Math.Floor(lowest / step) * step);
        double[] ticks = [.. Enumerable.Range(0, 1 + (int)Math.Round((1 - bottom) / step)).Select(i => 100 * (1 - (i * step)))];
        plot.Axes.Left.TickGenerator = new NumericManual(ticks, [.. ticks.Select(tick => $"{tick:0.##}")]);
        plot.Axes.SetLimits(leftmost, 0, 100 * bottom, 100 + (step * 30));
        PlotStyle.ShowLegend(plot);
        return plot.GetImage(1600, 900).GetImageBytes(ImageFormat.Png);
    }
}
