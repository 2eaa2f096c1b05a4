using System.Net;
using System.Net.Sockets;
using System.Text;
using Costate.Faces.Files;
using Costate.Faces.Morphs;
using Costate.Studio.Access;
using Costate.Studio.Jobs;
using Costate.Studio.Uploads;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Costate.Studio;

/// <summary>The studio as it runs: a folder that is its own, a server, and a worker.</summary>
internal sealed class StudioServer : IAsyncDisposable
{
    private readonly WebApplication application;
    private readonly JobQueue queue;
    private readonly UploadStore uploads;
    private readonly FolderLock held;

    private StudioServer(WebApplication application, JobQueue queue, UploadStore uploads, FolderLock held, Uri address) =>
        (this.application, this.queue, this.uploads, this.held, Address) = (application, queue, uploads, held, address);

    /// <summary>Where the page is, with the token that opens it.</summary>
    internal Uri Address { get; }

    /// <summary>Takes the folder, and listens.</summary>
    /// <exception cref="InputException">The port is taken, or the address is not this machine's.</exception>
    /// <exception cref="IOException">Another run has the folder, or it cannot be written to.</exception>
    internal static async Task<StudioServer> Start(StudioSettings settings, JobRunner run)
    {
        FolderLock held = FolderLock.Take(settings.Folder, "studio");
        JobQueue? queue = null;
        UploadStore? uploads = null;
        WebApplication? application = null;
        try
        {
            uploads = new UploadStore(Path.Combine(settings.Folder, "uploads"), settings.Limits, BytesOfAll);
            var feed = new JobFeed(settings.Limits.Listeners);
            string[] examples = [await Example(uploads, ExampleFaces.FileA), await Example(uploads, ExampleFaces.FileB)];
            var token = AccessToken.New();
            int port = settings.Port;
            var guard = new AccessGuard(token, new AllowedHosts(settings.Address), () => port);
            application = Application(settings);
            application.Use(Answered);
            application.Use(next => context => guard.Pass(context, next));
            application.UseRouting();
            queue = new JobQueue(new JobStore(Path.Combine(settings.Folder, "jobs")), feed, run, settings.Limits, BytesOfAll);
            new StudioApi(settings, uploads, queue, feed, examples).Map(application);
            await Listen(application, settings);
            Uri bound = new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
            port = bound.Port;
            string host = settings.Address.Equals(IPAddress.Any) || settings.Address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName()
                : settings.Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{settings.Address}]" : $"{settings.Address}";
            return new StudioServer(
                application, queue, uploads, held, new Uri($"http://{host}:{port}/?{AccessGuard.Parameter}={token.Text}"));
        }
        catch
        {
            queue?.Dispose();
            uploads?.Dispose();
            if (application is not null)
            {
                await application.DisposeAsync();
            }

            held.Dispose();
            throw;
        }

        long BytesOfAll() => new DirectoryInfo(settings.Folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(Length);
    }

    /// <summary>Ends the job that is being done, and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Dispose();
        await application.StopAsync(new CancellationToken(canceled: true));
        await application.DisposeAsync();
        uploads.Dispose();
        held.Dispose();
    }

    // Nothing of it is configured by files or the environment of the place that it is started in.
    private static WebApplication Application(StudioSettings settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = settings.Limits.UploadBytes;
            options.Limits.MaxConcurrentConnections = settings.Limits.Connections;
            options.Listen(settings.Address, settings.Port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, ToolLifetime>();
        return builder.Build();
    }

    private static async Task Listen(WebApplication application, StudioSettings settings)
    {
        try
        {
            await application.StartAsync();
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new InputException(
                "port", $"{settings.Port}, which another program listens at", "a free port, or 0 for any that is free", "Take another.");
        }
        catch (Exception e) when (e is SocketException { SocketErrorCode: SocketError.AccessDenied } or UnauthorizedAccessException)
        {
            throw new InputException("port", $"{settings.Port}, which this user may not listen at", "a port from 1024 to 65535");
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
        {
            throw new InputException("listen", $"{settings.Address}, which is not an address of this machine", "one of its own");
        }
    }

    private static async Task<string> Example(UploadStore uploads, string file)
    {
        using Stream picture = ExampleFaces.Open(file);
        return await uploads.Receive(picture, UploadKind.Picture, CancellationToken.None);
    }

    // What cannot be done is answered in a sentence, and ends nothing.
    private static RequestDelegate Answered(RequestDelegate next) => async context =>
    {
        (int Status, string Why) answer;
        try
        {
            await next(context);
            return;
        }
        catch (RefusedException e)
        {
            answer = (e.Status, e.Message);
        }
        catch (InputException e)
        {
            answer = (StatusCodes.Status400BadRequest, e.Message);
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e)
        {
            answer = (e.StatusCode, e.Message);
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for an answer any more.
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            answer = (StatusCodes.Status500InternalServerError, e.Message);
        }

        if (!context.Response.HasStarted)
        {
            context.Response.StatusCode = answer.Status;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(answer.Why));
        }
    };

    // A file that has just been deleted has none.
    private static long Length(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>The tool itself ends the server, by its own signals.</summary>
    private sealed class ToolLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
