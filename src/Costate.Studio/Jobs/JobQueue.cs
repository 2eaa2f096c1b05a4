using System.Diagnostics;
using Costate.Studio.Access;
using Costate.Studio.Forms;
using Costate.Studio.Uploads;
using Microsoft.AspNetCore.Http;

namespace Costate.Studio.Jobs;

/// <summary>The jobs: one is done at a time, on a thread of its own, the others wait in the order in which they came.</summary>
internal sealed class JobQueue : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private readonly SemaphoreSlim arrived = new(0);
    private readonly CancellationTokenSource ended = new();
    private readonly Dictionary<string, JobRecord> jobs;
    private readonly List<string> waiting;
    private readonly JobStore store;
    private readonly JobFeed feed;
    private readonly JobRunner run;
    private readonly Func<long> bytesOfAll;
    private readonly StudioLimits limits;
    private readonly Thread worker;
    private (string Id, JobWatch Watch, CancellationTokenSource Cancellation)? current;
    private (string? Id, byte[]? Preview) last;

    /// <summary>Finds the jobs of earlier runs and goes on with those that waited; what was being done then is over.</summary>
    internal JobQueue(JobStore store, JobFeed feed, JobRunner run, StudioLimits limits, Func<long> bytesOfAll)
    {
        (this.store, this.feed, this.run, this.limits, this.bytesOfAll) = (store, feed, run, limits, bytesOfAll);
        jobs = store.Read().ToDictionary(job => job.Id);
        foreach (JobRecord job in jobs.Values.Where(job => job.State == JobState.Running).ToArray())
        {
            Keep(job with { State = JobState.Interrupted, Message = "The studio ended while this was being done." });
        }

        waiting = [.. jobs.Values.Where(job => job.State == JobState.Waiting).Select(job => job.Id).Order(StringComparer.Ordinal)];
        arrived.Release(waiting.Count + 1);
        worker = new Thread(Work) { Name = "studio", IsBackground = true };
        worker.Start();
    }

    /// <summary>All jobs, the newest first.</summary>
    internal IReadOnlyList<JobRecord> All
    {
        get
        {
            lock (gate)
            {
                return [.. jobs.Values.OrderByDescending(job => job.Id, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>How far the job is that is being done; null where none is.</summary>
    internal JobProgress? Progress
    {
        get
        {
            lock (gate)
            {
                return current?.Watch.Now;
            }
        }
    }

    /// <exception cref="RefusedException">There is none of this name.</exception>
    internal JobRecord Of(string id)
    {
        lock (gate)
        {
            return jobs.GetValueOrDefault(id)
                ?? throw new RefusedException(StatusCodes.Status404NotFound, "There is no such job.");
        }
    }

    /// <summary>The last picture of the job that is being done or was done last, a PNG; null where there is none.</summary>
    internal byte[]? PreviewOf(string id)
    {
        lock (gate)
        {
            return current is var (its, watch, _) && its == id ? watch.Preview : last.Id == id ? last.Preview : null;
        }
    }

    /// <summary>Where a result is.</summary>
    internal string PathOf(string id, string name) => Path.Combine(store.ResultsOf(id), name);

    /// <summary>Takes a job.</summary>
    /// <exception cref="InputException">A value does not fit its field.</exception>
    /// <exception cref="RefusedException">The queue or the folder is full.</exception>
    internal JobRecord Add(string kind, IReadOnlyDictionary<string, string> values, UploadStore uploads, ComputingChoice computing)
    {
        StudioForm form = StudioForms.Named(kind);
        FormValues read = form.Read(values, uploads, computing);
        long bytes = bytesOfAll();
        lock (gate)
        {
            if (waiting.Count >= limits.WaitingJobs)
            {
                throw new RefusedException(
                    StatusCodes.Status429TooManyRequests, $"{waiting.Count} jobs wait already. Cancel some of them first.");
            }

            if (jobs.Count >= limits.Jobs || bytes > limits.FolderBytes)
            {
                throw new RefusedException(StatusCodes.Status507InsufficientStorage, "The work folder is full. Delete jobs first.");
            }

            // After all others, whatever the clock says.
            DateTime now = DateTime.UtcNow;
            now = jobs.Count == 0 || jobs.Values.Max(job => job.Made) < now ? now : jobs.Values.Max(job => job.Made).AddTicks(1);
            var job = new JobRecord
            {
                Id = JobStore.IdAt(now),
                Kind = kind,
                Values = values,
                Made = now,
                CommandLine = read.CommandLine,
                Code = form.Code(read),
                Arguments = read.Arguments,
            };
            Keep(job);
            waiting.Add(job.Id);
            arrived.Release();
            return job;
        }
    }

    /// <summary>Gives a job up: at once if it waits, after the network evaluation in progress if it is being done.</summary>
    internal void Cancel(string id)
    {
        JobRecord job = Of(id);
        lock (gate)
        {
            if (waiting.Remove(id))
            {
                Keep(job with { State = JobState.Cancelled, Message = "Cancelled before it began." });
            }
            else if (current is var (its, _, cancellation) && its == id)
            {
                cancellation.Cancel();
            }
        }
    }

    /// <summary>Deletes a job that is over, with its files.</summary>
    /// <exception cref="RefusedException">It is not over.</exception>
    internal void Delete(string id)
    {
        lock (gate)
        {
            if (!Of(id).IsOver)
            {
                throw new RefusedException(StatusCodes.Status409Conflict, "It is not over yet. Cancel it first.");
            }

            jobs.Remove(id);
            store.Delete(id);
        }

        feed.Tell("deleted", new { id });
    }

    /// <summary>Gives the job up that is being done; those that wait are gone on with by the next run.</summary>
    public void Dispose()
    {
        ended.Cancel();
        lock (gate)
        {
            current?.Cancellation.Cancel();
        }

        if (worker.Join(Patience))
        {
            ended.Dispose();
            arrived.Dispose();
        }
    }

    private void Work()
    {
        while (!ended.IsCancellationRequested)
        {
            try
            {
                arrived.Wait(ended.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (Next() is JobRecord job)
            {
                Do(job);
            }
        }
    }

    private JobRecord? Next()
    {
        lock (gate)
        {
            if (waiting.Count == 0)
            {
                return null;
            }

            JobRecord job = jobs[waiting[0]] with { State = JobState.Running };
            waiting.RemoveAt(0);
            var watch = new JobWatch(job.Id, now => feed.Tell("progress", now), () => feed.HasListeners);
            current = (job.Id, watch, new CancellationTokenSource());
            Keep(job);
            return job;
        }
    }

    private void Do(JobRecord job)
    {
        (_, JobWatch watch, CancellationTokenSource cancellation) = current!.Value;
        long began = Stopwatch.GetTimestamp();
        JobOutcome outcome;
        try
        {
            outcome = run([.. job.Arguments, .. JobStore.OutputOf(store.ResultsOf(job.Id))], watch, cancellation.Token);
        }
        catch (Exception e)
        {
            // Whatever it was, the next job is done.
            outcome = new JobOutcome(JobState.Failed, $"{e.GetType().Name}: {e.Message}");
        }

        lock (gate)
        {
            current = null;
            last = (job.Id, watch.Preview);
            cancellation.Dispose();
            Keep(job with
            {
                State = outcome.State,
                Message = outcome.Message,
                Seconds = Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 3),
                FirstPicture = watch.FirstPicture,
                Files = store.FilesOf(job.Id),
                Evaluations = watch.Evaluations,
                Losses = watch.Losses,
            });
        }
    }

    private void Keep(JobRecord job)
    {
        jobs[job.Id] = job;
        store.Write(job);
        feed.Tell("job", job);
    }
}
