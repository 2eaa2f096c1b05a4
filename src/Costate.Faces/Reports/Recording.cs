using System.Diagnostics;
using System.Text;

namespace Costate.Faces.Reports;

/// <summary>
/// What is written down of a run while it goes, by what its progress lines are told: a line of JSON for each moment, and files for
/// TensorBoard.
/// </summary>
internal sealed class Recording : IDisposable
{
    // More than ten a second say nothing more, and fill disks.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(100);

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly Action<string> tell;
    private FileStream? lines;
    private EventFile? events;
    private MetricsPoint? waiting;
    private TimeSpan next;
    private long evaluations;

    /// <summary>Opens the files; lines are added to those that are there.</summary>
    /// <param name="metrics">The file of lines; none if null.</param>
    /// <param name="eventFolder">The folder for TensorBoard; none if null.</param>
    /// <param name="tell">Told, as text, why nothing more is written, and that the run goes on.</param>
    /// <exception cref="IOException">One cannot be written to.</exception>
    internal Recording(string? metrics, string? eventFolder, Action<string> tell)
    {
        this.tell = tell;
        try
        {
            if (metrics is not null)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(metrics))!);
                lines = new FileStream(metrics, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
            }

            events = eventFolder is null ? null : EventFile.In(eventFolder, DateTime.UtcNow);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            Close();
            throw new IOException($"Cannot write to '{metrics ?? eventFolder}': {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <summary>Counts evaluations of a network.</summary>
    internal void Evaluated(int count) => evaluations += count;

    /// <summary>Writes down how far the run is.</summary>
    /// <param name="value">What was reported.</param>
    /// <param name="elapsed">Since the stage began.</param>
    internal void Add(StageProgress value, TimeSpan elapsed)
    {
        if (waiting is not null && waiting.Stage != value.Stage)
        {
            Write(waiting);
        }

        waiting = new MetricsPoint
        {
            Time = DateTime.UtcNow,
            Seconds = Math.Round(clock.Elapsed.TotalSeconds, 3),
            Stage = value.Stage,
            Share = value.Share,
            Step = value.Step,
            Evaluations = evaluations > 0 ? evaluations : null,
            Loss = value.Loss is double loss && double.IsFinite(loss) ? loss : null,
            MemoryBytes = Environment.WorkingSet,
            SecondsLeft = value.Share > 0 ? Math.Round((elapsed * ((1 - value.Share) / value.Share)).TotalSeconds, 1) : null,
            Note = value.Note.Length == 0 ? null : value.Note,
        };
        if (clock.Elapsed >= next)
        {
            next = clock.Elapsed + Rest;
            Write(waiting);
        }
    }

    /// <summary>Writes what is left, and closes the files.</summary>
    public void Dispose()
    {
        if (waiting is not null)
        {
            Write(waiting);
        }

        Close();
    }

    // A run of days does not end because a disk is full.
    private void Write(MetricsPoint point)
    {
        waiting = null;
        try
        {
            lines?.Write(Encoding.UTF8.GetBytes(point.Line() + '\n'));
            if (point is { Step: long step, Loss: double loss })
            {
                events?.Add(
                    point.Time, step, ($"{point.Stage}/loss", loss), ($"{point.Stage}/memory_bytes", point.MemoryBytes));
            }
        }
        catch (IOException e)
        {
            tell($"{e.Message.TrimEnd('.')}. The run goes on without.");
            Close();
        }
    }

    private void Close()
    {
        (FileStream? open, EventFile? ofEvents) = (lines, events);
        (lines, events) = (null, null);
        open?.Dispose();
        ofEvents?.Dispose();
    }
}
