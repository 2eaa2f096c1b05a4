using System.Net;
using System.Net.Sockets;
using Costate.Studio.Access;
using Costate.Testing;

namespace Costate.Studio.Tests.Access;

public sealed class AccessTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_NeedsTheToken_AndGivesACookie()
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(folder, holdsToken: false);
        string[] paths =
            ["/", "/?token=", $"/?token={studio.Token[1..]}A", "/api/jobs", "/pages/app.js", $"/api/jobs?token={studio.Token}"];
        foreach (string path in paths)
        {
            using HttpResponseMessage refused = await studio.Client.GetAsync(path, Cancelled);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.Contains("Open the address that costate studio has printed", await refused.Content.ReadAsStringAsync(Cancelled));
        }

        using HttpResponseMessage page = await studio.Client.GetAsync(studio.Address, Cancelled);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        string cookie = Assert.Single(page.Headers.GetValues("Set-Cookie"));
        Assert.Contains("; samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.OK, await Status(studio, HttpMethod.Get, "/api/jobs", ("Cookie", cookie.Split(';')[0])));
        Assert.Equal(HttpStatusCode.OK, await Status(studio, HttpMethod.Get, "/api/jobs", ("Authorization", $"Bearer {studio.Token}")));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(studio, HttpMethod.Get, "/api/jobs", ("Authorization", "Bearer no")));
    }

    [Theory]
    [InlineData("Host", "studio.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("Host", "127.0.0.1", HttpStatusCode.MisdirectedRequest)]
    [InlineData("Host", "192.0.2.1:PORT", HttpStatusCode.MisdirectedRequest)]
    [InlineData("Host", "localhost:PORT", HttpStatusCode.OK)]
    [InlineData("Origin", "https://studio.example", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "http://127.0.0.1:PORT", HttpStatusCode.OK)]
    [InlineData("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-origin", HttpStatusCode.OK)]
    public async Task Request_FromElsewhere_IsRefused_EvenWithTheToken(string header, string value, HttpStatusCode expected)
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(folder);
        value = value.Replace("PORT", $"{studio.Address.Port}", StringComparison.Ordinal);
        Assert.Equal(expected, await Status(studio, HttpMethod.Get, "/api/jobs", (header, value)));
    }

    [Fact]
    public async Task EveryAnswer_KeepsBrowsersFromMischief()
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(folder);
        foreach (string path in (string[])["/", "/api/jobs", "/nothing", "/api/jobs/no/files/x"])
        {
            using HttpResponseMessage answer = await studio.Client.GetAsync(path, Cancelled);
            string policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
            Assert.Contains("default-src 'none'", policy);
            Assert.DoesNotContain("unsafe", policy);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    // Nothing of the page comes from elsewhere, nor runs inline, which its own policy would stop.
    [Fact]
    public async Task Pages_NameNoOtherHost()
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(folder);
        string first = await studio.Client.GetStringAsync("/", Cancelled);
        Assert.DoesNotContain("style=", first);
        Assert.DoesNotContain("onclick", first);
        string[] names =
        [
            "app.js", "api.js", "chart.js", "compare.js", "dom.js", "form.js", "job.js", "mask.js", "picture.js",
            "results.js", "studies.js", "studio.css",
        ];
        foreach (string name in names)
        {
            string text = await studio.Client.GetStringAsync($"/pages/{name}", Cancelled);
            Assert.DoesNotContain("https://", text);
            Assert.DoesNotContain("http://", text.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal));
            Assert.DoesNotContain("innerHTML", text);
            Assert.DoesNotContain("eval(", text);
        }
    }

    [Fact]
    public async Task TakenPort_IsSaid()
    {
        using var folder = new TemporaryFolder();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        InputException refused = await Assert.ThrowsAsync<InputException>(() =>
            RunningStudio.Start(new StudioSettings { Folder = folder.PathTo("work"), Port = port }));
        Assert.Equal("port", refused.ParamName);
        Assert.Contains("another program", refused.Message);

        // The folder is free again.
        await using RunningStudio studio = await RunningStudio.Start(folder);
    }

    [Fact]
    public async Task AddressOfAnotherMachine_IsSaid()
    {
        using var folder = new TemporaryFolder();
        InputException refused = await Assert.ThrowsAsync<InputException>(() =>
            RunningStudio.Start(new StudioSettings { Folder = folder.PathTo("work"), Address = IPAddress.Parse("192.0.2.1") }));
        Assert.Equal("listen", refused.ParamName);
    }

    [Fact]
    public async Task Folder_BelongsToOneStudio()
    {
        using var folder = new TemporaryFolder();
        await using RunningStudio studio = await RunningStudio.Start(folder);
        await Assert.ThrowsAsync<IOException>(() => RunningStudio.Start(folder));
    }

    [Fact]
    public void Hosts_OfAllAddresses_AreAddressesAndTheMachineItself()
    {
        var any = new AllowedHosts(IPAddress.Any);
        Assert.True(any.Has("192.0.2.1"));
        Assert.True(any.Has("[::1]"));
        Assert.True(any.Has(Dns.GetHostName()));
        Assert.False(any.Has("studio.example"));
        Assert.False(new AllowedHosts(IPAddress.Loopback).Has(Dns.GetHostName() + ".example"));
    }

    [Fact]
    public void Tokens_AreNeverTheSame()
    {
        AccessToken token = AccessToken.New();
        Assert.NotEqual(token.Text, AccessToken.New().Text);
        Assert.Equal(43, token.Text.Length);
        Assert.True(token.Is(token.Text));
        Assert.False(token.Is(null));
        Assert.False(token.Is(token.Text + "A"));
    }

    private static async Task<HttpStatusCode> Status(
        RunningStudio studio, HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage answer = await studio.Client.SendAsync(request, Cancelled);
        return answer.StatusCode;
    }
}
