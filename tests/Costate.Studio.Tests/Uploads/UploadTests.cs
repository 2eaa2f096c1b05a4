using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Costate.Studio.Access;
using Costate.Testing;

namespace Costate.Studio.Tests.Uploads;

public sealed class UploadTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Picture_IsKeptUnderANameOfItsBytes_AndOnce()
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(folder);
        int before = Directory.GetFiles(folder.PathTo("work", "uploads")).Length;
        string name = await Send(studio, UploadFiles.Png());
        Assert.Matches("^[0-9a-f]{32}[.]png$", name);
        Assert.Equal(name, await Send(studio, UploadFiles.Png()));
        Assert.Equal(UploadFiles.Png(), await studio.Client.GetByteArrayAsync($"/api/uploads/{name}", Cancelled));
        Assert.Equal(before + 1, Directory.GetFiles(folder.PathTo("work", "uploads")).Length);
    }

    public static TheoryData<string, HttpStatusCode> Strange => new()
    {
        { "nothing", HttpStatusCode.UnsupportedMediaType },
        { "text", HttpStatusCode.UnsupportedMediaType },
        { "truncated", HttpStatusCode.UnsupportedMediaType },
        { "bomb", HttpStatusCode.UnsupportedMediaType },
        { "large", HttpStatusCode.UnsupportedMediaType },
        { "heavy", HttpStatusCode.RequestEntityTooLarge },
        { "program", HttpStatusCode.UnsupportedMediaType },
    };

    [Theory]
    [MemberData(nameof(Strange))]
    public async Task StrangeFile_IsRefused_AndLeavesNothing(string what, HttpStatusCode expected)
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(
            folder, limits: new StudioLimits { Pixels = 100 * 100, UploadBytes = 100_000 });
        byte[] bytes = what switch
        {
            "nothing" => [],
            "text" => "GIF89a, or so it says"u8.ToArray(),
            "truncated" => UploadFiles.Png()[..60],
            "bomb" => UploadFiles.Bomb(60_000, 60_000),
            "large" => UploadFiles.Png(101, 100),
            "heavy" => new byte[100_001],
            _ => "PK\x03\x04 but asked for as a picture"u8.ToArray(),
        };
        string[] before = Directory.GetFiles(folder.FullName, "*", SearchOption.AllDirectories);
        using HttpResponseMessage answer = await studio.Client.PostAsync(
            "/api/uploads?kind=picture&name=../../x", new ByteArrayContent(bytes), Cancelled);
        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal(before, Directory.GetFiles(folder.FullName, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("/api/uploads/../../../../etc/passwd")]
    [InlineData("/api/uploads/..%2f..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("/api/uploads/%2fetc%2fpasswd")]
    [InlineData("/api/jobs/..%2f..%2fuploads/files/x.png")]
    [InlineData("/pages/..%2fStudioApi.cs")]
    [InlineData("/api/uploads/CON")]
    public async Task NamesAsPaths_AreNone(string path)
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(folder);
        using HttpResponseMessage answer = await studio.Client.GetAsync(path, Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task FullFolder_TakesNoMore()
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(folder, limits: new StudioLimits { Uploads = 3 });
        await Send(studio, UploadFiles.Png(32));
        using HttpResponseMessage answer = await studio.Client.PostAsync(
            "/api/uploads?kind=picture", new ByteArrayContent(UploadFiles.Png(33)), Cancelled);
        Assert.Equal(HttpStatusCode.InsufficientStorage, answer.StatusCode);
    }

    [Fact]
    public async Task HalfReceivedFiles_AreGoneAfterARestart()
    {
        using var folder = new TemporaryFolder();
        string left = folder.Write("work/uploads/abc.incoming", "half");
        await using RunningStudio studio = await RunningStudio.Start(folder);
        Assert.False(File.Exists(left));
    }

    // As the longer run of eng/studio-attack.cs, over fewer requests: nothing of it ends the server, fills it, or leaves its folder.
    [Fact]
    public async Task HostileVisitors_ChangeNothing()
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(
            folder, limits: new StudioLimits { Pixels = 1 << 20, UploadBytes = 1 << 20 });
        byte[] good = UploadFiles.Png();
        byte[][] files =
        [
            UploadFiles.Bomb(60_000, 60_000), UploadFiles.Bomb(int.MaxValue, 1), good[..50], [], new byte[(1 << 20) + 1],
            "RIFF\0\0\0\0WEBP"u8.ToArray(), [0xFF, 0xD8, 0xFF, 0xE0], good,
        ];
        string[] outside = Directory.GetFileSystemEntries(folder.FullName);
        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (i, _) =>
        {
            try
            {
                using HttpResponseMessage answer = await studio.Client.PostAsync(
                    $"/api/uploads?kind=picture&name=..%2f{i}", new ByteArrayContent(files[i % files.Length]), Cancelled);
                Assert.True((int)answer.StatusCode is 200 or 413 or 415, $"{answer.StatusCode}");
            }
            catch (HttpRequestException)
            {
                // What is too large may be cut off while it is still being sent.
            }
        });
        Assert.Equal(outside, Directory.GetFileSystemEntries(folder.FullName));
        Assert.Equal(3, Directory.GetFiles(folder.PathTo("work", "uploads")).Length);
        Assert.Equal(HttpStatusCode.OK, (await studio.Client.GetAsync("/api/jobs", Cancelled)).StatusCode);
    }

    private static async Task<string> Send(RunningStudio studio, byte[] bytes)
    {
        using HttpResponseMessage answer = await studio.Client.PostAsync(
            "/api/uploads?kind=picture&name=..%2f..%2fx.exe", new ByteArrayContent(bytes), Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("name").GetString()!;
    }
}
