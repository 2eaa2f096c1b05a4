// Drives the studio as a person does, and takes its pictures.  dotnet run eng/browser-test.cs -- ADDRESS.json CHROMIUM [FOLDER]
#:package Microsoft.Playwright@1.64.1
#:property PublishAot=false
#:property ManagePackageVersionsCentrally=false

using System.Diagnostics;
using System.Text.Json;
using Microsoft.Playwright;

string address = JsonDocument.Parse(File.ReadAllText(args[0])).RootElement.GetProperty("address").GetString()!;
string? folder = args.Length > 2 ? args[2] : null;
using IPlaywright playwright = await Playwright.CreateAsync();
await using IBrowser browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = args[1], Args = ["--no-sandbox"] });
await using IBrowserContext context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1440, Height = 900 } });
IPage page = await context.NewPageAsync();
page.SetDefaultTimeout(600_000);
List<string> wrong = [];
page.Console += (_, message) =>
{
    if (message.Type == "error")
    {
        wrong.Add($"{page.Url}: {message.Text}");
    }
};
page.PageError += (_, error) => wrong.Add($"{page.Url}: {error}");
context.Request += (_, request) =>
{
    if (!new[] { address[..address.IndexOf('/', 8)], "blob:" }.Any(own => request.Url.StartsWith(own, StringComparison.Ordinal)))
    {
        wrong.Add($"asked another host: {request.Url}");
    }
};

await page.GotoAsync("about:blank");
var clock = Stopwatch.StartNew();
await page.GotoAsync(address);
await page.GetByRole(AriaRole.Button, new() { Name = "Run" }).WaitForAsync();
Console.WriteLine($"first page: {clock.Elapsed.TotalSeconds:0.00} s");
Check(!page.Url.Contains("token", StringComparison.Ordinal), "the token has left the address bar");

// Sample.
await Fill("Steps", "12");
await RunIt("sample");
await Take("sample");

// The page again: the job is still there.
await page.ReloadAsync();
await page.Locator("#stage .state.Done").WaitForAsync();

// Edit, twice: the second time the picture is inverted already.
await Open("Edit");
await page.GetByRole(AriaRole.Button, new() { Name = "Example A" }).First.ClickAsync();
await Fill("Steps", "12");
await Fill("What it shall show", "a person with red hair and glasses");
await RunIt("edit");
await Fill("What it shall show", "a smiling person with blond hair");
await RunIt("edit again");
JsonElement[] edits = await Jobs("edit");
Console.WriteLine($"first preview of a changed prompt: {edits[0].GetProperty("firstPicture").GetDouble():0.00} s");
Check(edits[0].GetProperty("evaluations").GetInt64() < edits[1].GetProperty("evaluations").GetInt64() / 2, "the picture was inverted once");
await page.GetByText("Round-trip error").WaitForAsync();
await page.Locator(".compare").PressAsync("ArrowLeft");
await Take("edit");

// Guide, with a mask drawn by the mouse.
await Open("Guide");
await page.Locator("#form .drop").First.Locator("..").GetByRole(AriaRole.Button, new() { Name = "Example B" }).ClickAsync();
ILocator canvas = page.Locator(".paint canvas");
await canvas.ScrollIntoViewIfNeededAsync();
LocatorBoundingBoxResult box = (await canvas.BoundingBoxAsync())!;
await page.Mouse.MoveAsync(box.X + (box.Width * 0.3f), box.Y + (box.Height * 0.42f));
await page.Mouse.DownAsync();
for (int i = 0; i <= 20; i++)
{
    await page.Mouse.MoveAsync(box.X + (box.Width * (0.3f + (0.02f * i))), box.Y + (box.Height * (0.42f + (i % 2 * 0.1f))));
}

await page.RunAndWaitForResponseAsync(
    () => page.Mouse.UpAsync(), response => response.Url.Contains("/api/uploads?", StringComparison.Ordinal));
await RunIt("guide");
Check((await Jobs("guide"))[0].GetProperty("commandLine").GetString()!.Contains("--mask", StringComparison.Ordinal), "the mask was sent");
await Take("guide");

// By an optimisation through the whole sampler: its loss is drawn while it runs, it can be given up, and has fields of its own.
await page.Locator("#form").GetByLabel("Method").SelectOptionAsync("end-to-end");
Check(!await page.Locator("#form").GetByLabel("Lookahead").IsVisibleAsync(), "an end-to-end optimisation has no lookahead");
await page.Locator("#form").GetByLabel("What changes").SelectOptionAsync("noise");
await Fill("Iterations", "1000");
await page.GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();
await page.Locator("#stage .live .chart polyline").WaitForAsync();
await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
await page.Locator("#stage .state.Cancelled").WaitForAsync();
await Fill("Iterations", "20");
await RunIt("guide, end-to-end");
Check((await Jobs("guide"))[0].GetProperty("commandLine").GetString()!
    .Contains("--method end-to-end --iterations 20 --optimise noise", StringComparison.Ordinal), "the method was sent");

// Morph, and one that is given up.
await Open("Morph");
await page.GetByRole(AriaRole.Button, new() { Name = "Example A" }).First.ClickAsync();
await page.GetByRole(AriaRole.Button, new() { Name = "Example B" }).Last.ClickAsync();
await Fill("Iterations", "1000");
await page.GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();
await page.Locator("#stage .preview").WaitForAsync();
await page.Locator("#stage .live .chart polyline").WaitForAsync();
await Task.Delay(3000);
await Take("live");
Check(await page.Locator("#stage .state.Running").IsVisibleAsync(), "the picture of a run was taken while it ran");
clock.Restart();
await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
await page.Locator("#stage .state.Cancelled").WaitForAsync();
Console.WriteLine($"cancelled after: {clock.Elapsed.TotalSeconds:0.00} s");
await Fill("Iterations", "20");
await RunIt("morph");
await Take("morph");

await Open("Gradient");
await Fill("Steps", "12");
await RunIt("gradient");
await page.GetByText("What each step does to it").ScrollIntoViewIfNeededAsync();
await Take("gradient");

await Open("Study");
await RunIt("study");
ILocator plot = page.Locator(".chart svg").First;
await plot.HoverAsync();
await page.Locator(".chart .tip").First.Filter(new() { HasText = "relative error" }).WaitForAsync();
await Take("study");

await page.Locator("#form").GetByLabel("Of").SelectOptionAsync("density");
await RunIt("study of densities");
await page.GetByText("Effective fraction of weighted samples").WaitForAsync();

await page.Locator("#form").GetByLabel("Of").SelectOptionAsync("reversibility");
await RunIt("study of reversibility");
await page.GetByText("Error of the sample beside the continuous problem").WaitForAsync();

// In the dark, and on a telephone.
await page.GetByRole(AriaRole.Button, new() { Name = "Light or dark" }).ClickAsync();
await Open("Edit");
await page.Locator(".compare").WaitForAsync();
await Take("dark");
await page.SetViewportSizeAsync(390, 844);
bool fits = await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth");
Check(fits, "nothing sticks out on a telephone");

// Without the token there is nothing.
await using (IBrowserContext stranger = await browser.NewContextAsync())
{
    IPage closed = await stranger.NewPageAsync();
    IResponse? answer = await closed.GotoAsync(address[..address.IndexOf('?', StringComparison.Ordinal)]);
    Check(answer?.Status == 401, "a stranger is refused");
}

foreach (string text in wrong.Distinct())
{
    Console.WriteLine($"WRONG {text}");
}

Console.WriteLine(wrong.Count == 0 ? "every page was walked" : $"{wrong.Count} things are wrong");
return wrong.Count == 0 ? 0 : 1;

Task Fill(string label, string value) => page.Locator("#form").GetByLabel(label).First.FillAsync(value);

async Task Open(string title)
{
    await page.Locator("#nav").GetByText(title, new() { Exact = true }).ClickAsync();
    await page.Locator("#form h1").Filter(new() { HasText = title }).WaitForAsync();
}

async Task RunIt(string name)
{
    int before = (await Jobs(null)).Length;
    await page.GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();
    JsonElement[] jobs;
    do
    {
        await Task.Delay(200);
        jobs = await Jobs(null);
    }
    while (jobs.Length == before || jobs[0].GetProperty("state").GetString() is "Waiting" or "Running");
    Check(jobs[0].GetProperty("state").GetString() == "Done", $"{name}: {jobs[0].GetProperty("message").GetString()}");
    await page.Locator("#stage .state.Done").WaitForAsync();
    JsonElement job = jobs[0];
    Console.WriteLine($"{name}: {job.GetProperty("seconds").GetDouble():0.0} s, first preview after {job.GetProperty("firstPicture")} s");
}

// The newest first.
async Task<JsonElement[]> Jobs(string? kind)
{
    string text = await page.EvaluateAsync<string>("fetch('/api/jobs').then(answer => answer.text())");
    return [.. JsonDocument.Parse(text).RootElement.GetProperty("jobs").EnumerateArray()
        .Where(job => kind is null || job.GetProperty("kind").GetString() == kind)];
}

async Task Take(string name)
{
    if (folder is not null)
    {
        await page.EvaluateAsync("""
            Promise.all([...document.images].filter(i => !i.complete && i.loading !== "lazy")
                .map(i => new Promise(done => i.onload = i.onerror = done)))
            """);
        await page.EvaluateAsync("scrollTo(0, 0)");
        await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"studio-{name}.png") });
    }
}

void Check(bool isSo, string what)
{
    if (!isSo)
    {
        wrong.Add(what);
    }
}
