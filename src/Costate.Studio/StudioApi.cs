using System.IO.Compression;
using System.Text.Json;
using System.Threading.Channels;
using Costate.Faces.Reports;
using Costate.Studio.Access;
using Costate.Studio.Forms;
using Costate.Studio.Jobs;
using Costate.Studio.Uploads;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Costate.Studio;

/// <summary>What the page asks for.</summary>
internal sealed class StudioApi(StudioSettings settings, UploadStore uploads, JobQueue queue, JobFeed feed, IReadOnlyList<string> examples)
{
    private const long LongestRequest = 1 << 16;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", () => Page(StudioPages.First));
        routes.MapGet("/pages/{name}", (string name) => Page(name));
        routes.MapGet("/api/studio", () => Reply(About()));
        routes.MapGet("/api/jobs", () => Reply(new { jobs = queue.All, progress = queue.Progress }));
        routes.MapPost("/api/jobs", (Delegate)AddJob);
        routes.MapPost("/api/jobs/{id}/cancel", (string id) =>
        {
            queue.Cancel(id);
            return Results.NoContent();
        });
        routes.MapDelete("/api/jobs/{id}", (string id) =>
        {
            queue.Delete(id);
            return Results.NoContent();
        });
        routes.MapGet("/api/jobs/{id}/preview", (string id) =>
            queue.PreviewOf(id) is byte[] png ? Results.Bytes(png, "image/png") : Results.NotFound());
        routes.MapGet("/api/jobs/{id}/files/{**name}", (string id, string name) => JobFile(id, name));
        routes.MapGet("/api/jobs/{id}/archive", Archive);
        routes.MapPost("/api/uploads", (Delegate)Upload);
        routes.MapGet("/api/uploads/{name}", (string name) => Results.File(uploads.PathOf(name), TypeOf(name)));
        routes.MapGet("/api/events", Events);
    }

    private static IResult Reply(object value) => Results.Json(value, JobFeed.Json);

    private static IResult Page(string name) =>
        StudioPages.Find(name) is var (bytes, type) ? Results.Bytes(bytes, type) : Results.NotFound();

    private object About() => new
    {
        ToolVersion.Version,
        settings.Computing.Model,
        Limits = new { settings.Limits.UploadBytes, settings.Limits.Pixels },
        Examples = examples,
        Faces.Models.EmbeddedModel.Side,
        Forms = StudioForms.All.Select(form => new { form.Kind, form.Title, form.Summary, form.Fields }),
    };

    private async Task<IResult> AddJob(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = LongestRequest;
        JobRequest request;
        try
        {
            request = await JsonSerializer.DeserializeAsync<JobRequest>(context.Request.Body, JobFeed.Json, context.RequestAborted)
                ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new RefusedException(StatusCodes.Status400BadRequest, $"This is no job: {e.Message}", e);
        }

        if (request.Kind is null || request.Values is null || request.Values.Values.Any(value => value is null))
        {
            throw new RefusedException(StatusCodes.Status400BadRequest, "A job has a kind, and values that are texts.");
        }

        return Reply(queue.Add(request.Kind, request.Values, uploads, settings.Computing));
    }

    private async Task<IResult> Upload(HttpContext context)
    {
        UploadKind kind = context.Request.Query["kind"].ToString() == "program" ? UploadKind.Program : UploadKind.Picture;
        return Reply(new { name = await uploads.Receive(context.Request.Body, kind, context.RequestAborted) });
    }

    // A name that is not among those of the results is none.
    private IResult JobFile(string id, string name)
    {
        JobRecord job = queue.Of(id);
        return job.Files.Contains(name)
            ? Results.File(queue.PathOf(id, name), TypeOf(name), enableRangeProcessing: true)
            : Results.NotFound();
    }

    private async Task Archive(string id, HttpContext context)
    {
        JobRecord job = queue.Of(id);
        context.Response.ContentType = "application/zip";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"costate-{job.Kind}-{id}.zip\"";
        Stream body = context.Response.BodyWriter.AsStream();
        await using ZipArchive archive = await ZipArchive.CreateAsync(
            body, ZipArchiveMode.Create, leaveOpen: false, entryNameEncoding: null, context.RequestAborted);
        foreach (string name in job.Files)
        {
            await archive.CreateEntryFromFileAsync(queue.PathOf(id, name), name, CompressionLevel.Fastest, context.RequestAborted);
        }
    }

    private async Task Events(HttpContext context)
    {
        Channel<string> channel = feed.Listen()
            ?? throw new RefusedException(StatusCodes.Status503ServiceUnavailable, "Too many pages listen already. Close some of them.");
        try
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("event: hello\ndata: {}\n\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            Task<bool> more = channel.Reader.WaitToReadAsync(context.RequestAborted).AsTask();
            while (true)
            {
                if (await Task.WhenAny(more, Task.Delay(Heartbeat, context.RequestAborted)) != more)
                {
                    await context.Response.WriteAsync(": still here\n\n", context.RequestAborted);
                }
                else
                {
                    while (channel.Reader.TryRead(out string? text))
                    {
                        await context.Response.WriteAsync(text, context.RequestAborted);
                    }

                    more = channel.Reader.WaitToReadAsync(context.RequestAborted).AsTask();
                }

                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The page was closed.
        }
        finally
        {
            feed.Leave(channel);
        }
    }

    // Only what the page shows is shown; all else is to be kept.
    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".png" => "image/png",
        ".jpg" => "image/jpeg",
        ".webp" => "image/webp",
        ".json" => "application/json",
        ".csv" => "text/csv; charset=utf-8",
        _ => "application/octet-stream",
    };
}
