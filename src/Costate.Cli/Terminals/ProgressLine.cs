using System.Diagnostics;
using Costate.Faces;

namespace Costate.Cli.Terminals;

/// <summary>
/// How far a long run is and when it will be done: one line kept up to date on a terminal, a line every ten seconds elsewhere.
/// </summary>
internal sealed class ProgressLine(Terminal terminal, string title, double total) : IProgress<double>, IDisposable
{
    private const int FewestCells = 5;
    private const int MaxCells = 40;

    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private TimeSpan next = terminal.LiveWidth is null ? Quiet : Refresh;
    private int shown;

    /// <summary>Tells how much of the total is done.</summary>
    public void Report(double done) => Report(done, note: "");

    /// <summary>Tells how much of the total is done, and the loss as it is now.</summary>
    /// <param name="done">Of the total.</param>
    /// <param name="loss">None yet if null.</param>
    /// <param name="digits">How many of its digits after the point are shown.</param>
    internal void ReportLoss(double done, double? loss, int digits) => Report(new StageProgress(
        title, done / total, loss is double value ? $"loss {value.ToString($"F{digits}")}" : "")
    { Loss = loss });

    /// <summary>Tells how much of the total is done, and something else of interest.</summary>
    internal void Report(double done, string note) => Report(new StageProgress(title, done / total, note));

    /// <summary>Tells how far the work is.</summary>
    internal void Report(StageProgress value)
    {
        TimeSpan elapsed = clock.Elapsed;
        double fraction = Math.Clamp(value.Share, 0, 1);
        terminal.Recording?.Add(value with { Share = fraction }, elapsed);
        terminal.Watch?.Told(value with { Share = fraction });
        if (elapsed < next || terminal.Watch is not null)
        {
            return;
        }

        if (terminal.LiveWidth is int width)
        {
            next = elapsed + Refresh;
            Show(LiveText(fraction, elapsed, width - 1, value.Note));
        }
        else
        {
            next = elapsed + Quiet;
            terminal.Error.WriteLine($"{title}: {fraction:P0}{Remaining(fraction, elapsed)}{After(value.Note)}");
        }
    }

    /// <summary>Takes the line off the terminal.</summary>
    public void Dispose()
    {
        if (shown > 0)
        {
            Show("");
            terminal.Error.Write('\r');
        }
    }

    // What has no room is left out: a number that is cut is another number.
    private string LiveText(double fraction, TimeSpan elapsed, int width, string note)
    {
        string name = $"{title} ";
        string text = $"{fraction,4:P0}";
        if (text.Length > width)
        {
            return "";
        }

        name = name.Length + text.Length <= width ? name : "";
        foreach (string more in (string[])[Remaining(fraction, elapsed), After(note)])
        {
            text += name.Length + text.Length + more.Length <= width ? more : "";
        }

        int cells = Math.Clamp(width - name.Length - text.Length - 3, 0, MaxCells);
        int full = (int)(fraction * cells);
        return cells < FewestCells ? name + text : $"{name}[{new string('#', full)}{new string('.', cells - full)}] {text}";
    }

    // The first second says little about the rest.
    private static string Remaining(double fraction, TimeSpan elapsed) => fraction > 0 && elapsed > TimeSpan.FromSeconds(1)
        ? $", about {elapsed * ((1 - fraction) / fraction):h\\:mm\\:ss} left"
        : "";

    private static string After(string note) => note.Length == 0 ? "" : $", {note}";

    private void Show(string text)
    {
        terminal.Error.Write('\r' + text.PadRight(shown));
        shown = text.Length;
    }
}
