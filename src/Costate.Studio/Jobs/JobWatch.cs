using System.Diagnostics;
using Costate.Faces;
using Costate.Faces.Pictures;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Studio.Jobs;

/// <summary>Looks at the job that is being done, and tells the pages, some times a second.</summary>
internal sealed class JobWatch(string id, Action<JobProgress> told, Func<bool> isWatched) : RunWatch
{
    private const int MostPictures = 16;
    private const int MostLosses = 1000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly List<double[]> losses = [];
    private TimeSpan next;
    private string part = "";
    private string note = "";
    private double done;
    private TimeSpan partBegan;
    private long evaluations;
    private int stride = 1;
    private int lossesSeen;
    private int previews;

    /// <summary>The last picture, a PNG; null before the first.</summary>
    internal byte[]? Preview { get; private set; }

    /// <summary>From the beginning to the first picture, in seconds.</summary>
    internal double? FirstPicture { get; private set; }

    /// <summary>How far the job is.</summary>
    internal JobProgress Now
    {
        get
        {
            lock (gate)
            {
                double inPart = (clock.Elapsed - partBegan).TotalSeconds;
                double? left = done > 0.02 && inPart > 0.5 ? inPart * ((1 - done) / done) : null;
                return new JobProgress(
                    id,
                    part,
                    done,
                    clock.Elapsed.TotalSeconds,
                    left,
                    evaluations,
                    Environment.WorkingSet,
                    note,
                    losses.LastOrDefault(),
                    previews);
            }
        }
    }

    /// <summary>The losses so far, thinned out.</summary>
    internal IReadOnlyList<double[]> Losses
    {
        get
        {
            lock (gate)
            {
                return [.. losses];
            }
        }
    }

    internal long Evaluations => Interlocked.Read(ref evaluations);

    // The first is taken for whoever comes.
    protected override bool WantsPictures => previews == 0 || isWatched();

    internal override void Told(StageProgress progress)
    {
        lock (gate)
        {
            partBegan = progress.Stage == part ? partBegan : clock.Elapsed;
            (part, done, note) = (progress.Stage, progress.Share, progress.Note);
        }

        if (progress.Loss is double loss)
        {
            Loss(loss);
        }

        Tell();
    }

    internal override void Evaluated(int count)
    {
        Interlocked.Add(ref evaluations, count);
        Tell();
    }

    internal override void Loss(double value)
    {
        if (!double.IsFinite(value))
        {
            return;
        }

        lock (gate)
        {
            if (lossesSeen++ % stride == 0)
            {
                losses.Add([evaluations, value]);
            }

            if (losses.Count >= MostLosses)
            {
                stride *= 2;
                double[][] every = [.. losses.Where((_, i) => i % 2 == 0)];
                losses.Clear();
                losses.AddRange(every);
            }
        }

        Tell();
    }

    protected override void Show(Tensor pictures)
    {
        Preview = PictureFile.Png(Together(pictures));
        FirstPicture ??= Math.Round(clock.Elapsed.TotalSeconds, 3);
        lock (gate)
        {
            previews++;
        }

        Tell(always: true);
    }

    // Side by side in a square, as many as fit.
    private static Tensor Together(Tensor pictures)
    {
        using DisposeScope scope = NewDisposeScope();
        int count = (int)Math.Min(pictures.shape[0], MostPictures);
        int columns = (int)Math.Ceiling(Math.Sqrt(count));
        int rows = (count + columns - 1) / columns;
        (long channels, long height, long width) = (pictures.shape[1], pictures.shape[2], pictures.shape[3]);
        Tensor shown = pictures.narrow(0, 0, count).cpu();
        Tensor missing = zeros((rows * columns) - count, channels, height, width);
        return cat([shown, missing])
            .reshape(rows, columns, channels, height, width)
            .permute(2, 0, 3, 1, 4)
            .reshape(channels, rows * height, columns * width)
            .MoveToOuterDisposeScope();
    }

    private void Tell(bool always = false)
    {
        if (always || clock.Elapsed >= next)
        {
            next = clock.Elapsed + Pause;
            told(Now);
        }
    }
}
