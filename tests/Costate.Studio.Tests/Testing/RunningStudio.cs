using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Costate.Faces;
using Costate.Studio.Access;
using Costate.Studio.Jobs;
using Costate.Testing;

namespace Costate.Studio.Tests;

/// <summary>A studio in a folder of its own, whose tool is a function of the test's.</summary>
internal sealed class RunningStudio : IAsyncDisposable
{
    private readonly StudioServer server;

    private RunningStudio(StudioServer server, bool holdsToken)
    {
        this.server = server;
        Client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new Uri(server.Address, "/") };
        if (holdsToken)
        {
            Client.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        }
    }

    public HttpClient Client { get; }

    public Uri Address => server.Address;

    public string Token => server.Address.Query["?token=".Length..];

    public string Origin => $"http://{server.Address.Authority}";

    public static Task<RunningStudio> Start(
        TemporaryFolder folder, JobRunner? run = null, StudioLimits? limits = null, bool holdsToken = true) =>
        Start(new StudioSettings { Folder = folder.PathTo("work"), Limits = limits ?? new() }, run, holdsToken);

    public static async Task<RunningStudio> Start(StudioSettings settings, JobRunner? run = null, bool holdsToken = true) =>
        new(await StudioServer.Start(settings, run ?? Writes), holdsToken);

    /// <summary>A tool that writes one file at once.</summary>
    public static JobOutcome Writes(IReadOnlyList<string> arguments, RunWatch watch, CancellationToken cancellationToken)
    {
        watch.Evaluated(1);
        Directory.CreateDirectory(arguments[^1]);
        File.WriteAllText(Path.Combine(arguments[^1], "result.json"), JsonSerializer.Serialize(arguments));
        return new JobOutcome(JobState.Done, "");
    }

    /// <summary>A tool that computes until it is cancelled, or until the test lets it end.</summary>
    public static JobRunner Waits(ManualResetEventSlim? begun = null, ManualResetEventSlim? goOn = null) =>
        (arguments, watch, cancellationToken) =>
    {
        begun?.Set();
        for (long i = 0; goOn?.IsSet != true; i++)
        {
            if (cancellationToken.WaitHandle.WaitOne(5))
            {
                return new JobOutcome(JobState.Cancelled, "Cancelled.");
            }

            watch.Evaluated(1);
            watch.Told(new StageProgress("waiting", 0.5));
        }

        return Writes(arguments, watch, cancellationToken);
    };

    public Task<HttpResponseMessage> Post(string kind, params (string Name, string Value)[] values) =>
        Client.PostAsJsonAsync(
            "/api/jobs", new { kind, values = values.ToDictionary(v => v.Name, v => v.Value) }, TestContext.Current.CancellationToken);

    public async Task<JobRecord> Begin(string kind, params (string Name, string Value)[] values)
    {
        using HttpResponseMessage answer = await Post(kind, values);
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        return JsonSerializer.Deserialize<JobRecord>(text, JobFeed.Json)!;
    }

    public async Task<IReadOnlyList<JobRecord>> Jobs()
    {
        JsonElement all = await Client.GetFromJsonAsync<JsonElement>("/api/jobs", TestContext.Current.CancellationToken);
        return all.GetProperty("jobs").Deserialize<List<JobRecord>>(JobFeed.Json)!;
    }

    /// <summary>The job, once it is as it should be.</summary>
    public async Task<JobRecord> Until(string id, Func<JobRecord, bool> isSo)
    {
        while (true)
        {
            JobRecord job = (await Jobs()).Single(job => job.Id == id);
            if (isSo(job))
            {
                return job;
            }

            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await server.DisposeAsync();
    }
}
