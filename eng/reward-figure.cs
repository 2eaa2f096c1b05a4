#:package ScottPlot
#:package SkiaSharp.NativeAssets.Linux.NoDependencies
#:property PublishAot=false

// Draws docs/images/finetune-reward.png: the reward over the iterations of samples/finetune_reward.cs, trained both ways, and how far its
// control moves the noise. `dotnet run eng/reward-figure.cs [iterations]` (20). Some minutes.
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ScottPlot;

const string Family = "DejaVu Sans of Costate";
string root = Path.Combine(Folder(), ".."), iterations = args.FirstOrDefault() ?? "20";
Fonts.AddFontFile(Family, Path.Combine(root, "src/Costate.Experiments/Fonts/DejaVuSans.ttf"));
Plot rewards = New("Reward: more blue than red", "reward"), moves = New("How far the noise is moved", "deviations, root mean square");
foreach ((string way, string label, string colour) in new[]
{
    ("matching", "Adjoint Matching", "#332288"), ("truncated", "gradient of the last step", "#CC6677"),
})
{
    string told = Output("run", "-c", "Release", Path.Combine(root, "samples/finetune_reward.cs"), way, iterations);
    (double Reward, double Control)[] points = [.. Regex.Matches(told, @"reward (\S+)\s+control (\S+)")
        .Select(match => (Number(match.Groups[1]), Number(match.Groups[2])))];
    Console.WriteLine(
        $"{label}: reward {points[0].Reward} to {points[^1].Reward}, moves {points[^1].Control} after {points.Length - 1} iterations");
    double[] xs = [.. Enumerable.Range(0, points.Length).Select(i => (double)i)];
    foreach ((Plot plot, Func<(double Reward, double Control), double> value) in new[]
    {
        (rewards, new Func<(double Reward, double Control), double>(point => point.Reward)), (moves, point => point.Control),
    })
    {
        ScottPlot.Plottables.Scatter curve = plot.Add.Scatter(xs, points.Select(value).ToArray());
        (curve.Color, curve.LineWidth, curve.MarkerSize, curve.LegendText) = (Color.FromHex(colour), 2.5f, 9, label);
    }
}

// It begins with an empty plot.
var both = new Multiplot();
both.RemovePlot(both.GetPlot(0));
both.AddPlot(rewards);
both.AddPlot(moves);
both.Layout = new ScottPlot.MultiplotLayouts.Columns();
both.SavePng(Path.Combine(root, "docs/images/finetune-reward.png"), 1600, 600);

static Plot New(string title, string vertical)
{
    var plot = new Plot();
    plot.Font.Set(Family);
    plot.Title(title, 24);
    plot.XLabel("iteration of the optimiser, two pictures each", 20);
    plot.YLabel(vertical, 20);
    (plot.Axes.Bottom.TickLabelStyle.FontSize, plot.Axes.Left.TickLabelStyle.FontSize, plot.Legend.FontSize) = (18, 18, 18);
    plot.ShowLegend(Alignment.UpperLeft);
    return plot;
}

static string Output(params string[] arguments)
{
    using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
    string output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return process.ExitCode == 0 ? output : throw new InvalidOperationException(output);
}

static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);

static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
