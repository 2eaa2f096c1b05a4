using System.Net;
using Costate.Studio.Access;
using Costate.Studio.Jobs;
using Costate.Testing;

namespace Costate.Studio.Tests.Jobs;

public sealed class JobQueueTests
{
    private static readonly (string, string)[] Prompt = [("prompt", "a person with red hair")];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Job_IsDone_AndItsFilesAreServed()
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(folder);
        JobRecord asked = await studio.Begin("sample", Prompt);
        JobRecord done = await studio.Until(asked.Id, job => job.IsOver);
        Assert.Equal((JobState.Done, 1L), (done.State, done.Evaluations));
        Assert.Equal(["result.json"], done.Files);
        string arguments = await studio.Client.GetStringAsync($"/api/jobs/{done.Id}/files/result.json", Cancelled);
        Assert.Contains("a person with red hair", arguments);
        Assert.Equal("PK"u8.ToArray(), (await studio.Client.GetByteArrayAsync($"/api/jobs/{done.Id}/archive", Cancelled))[..2]);
        using HttpResponseMessage record = await studio.Client.GetAsync($"/api/jobs/{done.Id}/files/..%2fjob.json", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, record.StatusCode);
    }

    [Fact]
    public async Task Jobs_AreDoneOneByOne_AndCancelledAtOnce()
    {
        using var folder = new TemporaryFolder();
        using var begun = new ManualResetEventSlim();
        await using RunningStudio studio = await RunningStudio.Start(folder, RunningStudio.Waits(begun));
        JobRecord first = await studio.Begin("sample", Prompt), second = await studio.Begin("sample", Prompt),
            third = await studio.Begin("sample", Prompt);
        begun.Wait(Cancelled);
        Assert.Equal([JobState.Waiting, JobState.Waiting, JobState.Running], (await studio.Jobs()).Select(job => job.State));
        await Post(studio, $"/api/jobs/{second.Id}/cancel", HttpStatusCode.NoContent);
        await Post(studio, $"/api/jobs/{first.Id}/cancel", HttpStatusCode.NoContent);
        Assert.Equal(JobState.Cancelled, (await studio.Until(first.Id, job => job.IsOver)).State);
        Assert.Equal(JobState.Cancelled, (await studio.Until(second.Id, job => job.IsOver)).State);
        await studio.Until(third.Id, job => job.State == JobState.Running);
        using HttpResponseMessage refused = await studio.Client.DeleteAsync($"/api/jobs/{third.Id}", Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        using HttpResponseMessage deleted = await studio.Client.DeleteAsync($"/api/jobs/{first.Id}", Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.False(Directory.Exists(folder.PathTo("work", "jobs", first.Id)));
    }

    [Fact]
    public async Task Restart_FindsAll_AndGoesOn()
    {
        using var folder = new TemporaryFolder();
        JobRecord done, running, waiting;
        using var begun = new ManualResetEventSlim();
        await using (RunningStudio studio = await RunningStudio.Start(folder))
        {
            done = await studio.Begin("sample", Prompt);
            await studio.Until(done.Id, job => job.IsOver);
        }

        await using (RunningStudio studio = await RunningStudio.Start(folder, RunningStudio.Waits(begun)))
        {
            running = await studio.Begin("sample", Prompt);
            begun.Wait(Cancelled);
            waiting = await studio.Begin("study");
        }

        // As a process leaves it that is killed.
        string record = folder.PathTo("work", "jobs", running.Id, "job.json");
        File.WriteAllText(record, File.ReadAllText(record).Replace("\"Cancelled\"", "\"Running\"", StringComparison.Ordinal));
        folder.Write("work/jobs/00000000-000000-0000000/job.json", "{ half");
        folder.Write($"work/jobs/{running.Id}/files/.costate-half.abc/sample.png", "half");
        await using (RunningStudio studio = await RunningStudio.Start(folder))
        {
            Assert.Equal(JobState.Done, (await studio.Until(done.Id, job => job.IsOver)).State);
            Assert.Equal(JobState.Interrupted, (await studio.Until(running.Id, job => job.IsOver)).State);
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder.PathTo("work", "jobs", running.Id, "files")));
            JobRecord gone = await studio.Until(waiting.Id, job => job.IsOver);
            Assert.Equal((JobState.Done, "study"), (gone.State, gone.Kind));
        }
    }

    [Fact]
    public async Task Queue_IsBounded()
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(
            folder, RunningStudio.Waits(), new StudioLimits { WaitingJobs = 1 });
        JobRecord first = await studio.Begin("sample", Prompt);
        await studio.Until(first.Id, job => job.State == JobState.Running);
        await studio.Begin("sample", Prompt);
        using HttpResponseMessage refused = await studio.Post("sample", Prompt);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
    }

    [Fact]
    public async Task FailedTool_EndsItsJobAlone()
    {
        using var folder = new TemporaryFolder();
        int asked = 0;
        await using RunningStudio studio = await RunningStudio.Start(folder, (arguments, watch, cancel) => asked++ switch
        {
            0 => throw new InvalidOperationException("out of order"),
            1 => new JobOutcome(JobState.Failed, "It cannot be."),
            _ => RunningStudio.Writes(arguments, watch, cancel),
        });
        JobRecord[] jobs =
            [await studio.Begin("sample", Prompt), await studio.Begin("sample", Prompt), await studio.Begin("sample", Prompt)];
        await studio.Until(jobs[2].Id, job => job.IsOver);
        Dictionary<string, JobRecord> ended = (await studio.Jobs()).ToDictionary(job => job.Id);
        Assert.Equal((JobState.Failed, "InvalidOperationException: out of order"), (ended[jobs[0].Id].State, ended[jobs[0].Id].Message));
        Assert.Equal((JobState.Failed, "It cannot be."), (ended[jobs[1].Id].State, ended[jobs[1].Id].Message));
        Assert.Equal(JobState.Done, ended[jobs[2].Id].State);
    }

    [Theory]
    [InlineData("nothing", "prompt", "x", "kind")]
    [InlineData("sample", "output", "/tmp", "values")]
    [InlineData("sample", "steps", "many", "steps")]
    [InlineData("sample", "steps", "0", "steps")]
    [InlineData("sample", "prompt", " ", "prompt")]
    [InlineData("sample", "solver", "--help", "solver")]
    [InlineData("edit", "SAMPLE", "/etc/passwd", "SAMPLE")]
    public async Task WrongValues_AreSaid(string kind, string field, string value, string named)
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(folder);
        using HttpResponseMessage refused = await studio.Post(kind, (field, value));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains(named, await refused.Content.ReadAsStringAsync(Cancelled));
        Assert.Empty(await studio.Jobs());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"kind\":\"sample\"}")]
    [InlineData("{\"kind\":\"sample\",\"values\":{\"prompt\":null}}")]
    [InlineData("{\"kind\":1}")]
    public async Task WhatIsNoJob_IsRefused(string body)
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(folder);
        using HttpResponseMessage refused = await studio.Client.PostAsync("/api/jobs", new StringContent(body), Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task Listener_IsToldOfJobs()
    {
        using var folder = new TemporaryFolder();
        using var goOn = new ManualResetEventSlim();
        await using RunningStudio studio = await RunningStudio.Start(folder, RunningStudio.Waits(goOn: goOn));
        using Stream stream = await studio.Client.GetStreamAsync("/api/events", Cancelled);
        using var reader = new StreamReader(stream);
        Assert.Equal("event: hello", await reader.ReadLineAsync(Cancelled));
        await studio.Begin("sample", Prompt);
        List<string> types = [];
        while (types.Count(type => type == "event: job") < 3)
        {
            string line = (await reader.ReadLineAsync(Cancelled))!;
            if (line.StartsWith("event:", StringComparison.Ordinal))
            {
                types.Add(line);
            }

            if (line == "event: progress")
            {
                goOn.Set();
            }
        }

        Assert.Contains("event: progress", types);
    }

    private static async Task Post(RunningStudio studio, string path, HttpStatusCode expected)
    {
        using HttpResponseMessage answer = await studio.Client.PostAsync(path, content: null, Cancelled);
        Assert.Equal(expected, answer.StatusCode);
    }
}
