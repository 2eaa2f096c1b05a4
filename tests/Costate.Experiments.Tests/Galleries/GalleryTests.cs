using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Costate.Experiments.Galleries;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Experiments.Tests.Galleries;

public sealed partial class GalleryTests : IDisposable
{
    private const string Hostile = "</script><script>alert(1)</script><!-- \"'&<img src=x onerror=alert(2)> __proto__";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Pictures_HaveTheFactsOfTheirFile_OrOfTheNearestReport()
    {
        Write("result.json", """{"command": "sample", "settings": {"steps": 20}}""");
        Write("evaluation.json", """{"study": "morphs", "settings": {}}""");
        Write("sheet.png");
        Write("pairs/0001/dim-a.png");
        Write("pairs/0001/dim-a.json", """{"method": "dim-a", "losses": [3, 1, 2], "recognisers": [{"recogniser": "r", "toA": 0.5}]}""");
        Write("pairs/0001/other.png");
        Write("one/morph.png");
        Write("one/result.json", """{"command": "morph", "seed": 18446744073709551615, "accepted": true}""");
        JsonElement page = Page();
        Assert.Equal(
            [
                "one/morph.png: one/result.json", "pairs/0001/dim-a.png: pairs/0001/dim-a.json", "pairs/0001/other.png: result.json",
                "sheet.png: result.json",
            ],
            page.GetProperty("pictures").EnumerateArray().Select(p => $"{p.GetProperty("file").GetString()}: {FileOf(page, p)}"));
        JsonElement facts = page.GetProperty("facts").EnumerateArray()
            .Single(f => f.GetProperty("file").GetString() == "pairs/0001/dim-a.json");
        Assert.Equal(
            """[["method","dim-a"],["losses (lowest)",1],["recognisers.r.recogniser","r"],["recognisers.r.toA",0.5]]""",
            facts.GetProperty("values").GetRawText());
        Assert.Equal("""[["losses",[3,1,2]]]""", facts.GetProperty("curves").GetRawText());

        // A seed is more than a browser's numbers hold.
        Assert.Contains("\"18446744073709551615\"", page.GetProperty("facts").GetRawText());
        Assert.Empty(page.GetProperty("damaged").EnumerateArray());
    }

    [Fact]
    public void WhatFilesSay_IsText()
    {
        string named = OperatingSystem.IsWindows() ? "plain" : "<img src=x onerror=alert(3)>\"'&";
        Write($"{named}.png");
        Write($"{named}.json", JsonSerializer.Serialize(new Dictionary<string, object> { ["command"] = Hostile, [Hostile] = Hostile }));
        Write("</b>".Replace('/', ' ') + ".json", "{");
        string html = Html();
        Assert.Equal(2, Regex.Count(html, "<script"));
        Assert.Equal(2, Regex.Count(html, "</script"));
        Assert.DoesNotContain("<img", html);
        JsonElement page = Page();
        Assert.Equal($"{named}.png", page.GetProperty("pictures")[0].GetProperty("file").GetString());
        Assert.Equal(Hostile, page.GetProperty("facts")[0].GetProperty("values")[1][1].GetString());
    }

    [Fact]
    public void Policy_AllowsTheOwnScriptAlone()
    {
        Write("result.json", """{"command": "sample"}""");
        string html = Html();
        string policy = Policy().Match(html).Groups[1].Value;
        Assert.StartsWith("default-src 'none'; img-src data:;", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Contains($"style-src '{Hash(Between(html, "<style>", "</style>"))}'", policy);
        Assert.Contains($"script-src '{Hash(Between(html, "<script>", "</script>"))}'", policy);
        Assert.DoesNotMatch("(src|href)=", html);
    }

    [Fact]
    public void WhatIsDamaged_IsNamedAndLeftOut()
    {
        Write("result.json", """{"command": "sample"}""");
        Write("good.png");
        byte[] whole = File.ReadAllBytes(folder.PathTo("good.png"));
        folder.Write("half.png", whole[..(whole.Length / 2)]);
        folder.Write("empty.png", "");
        folder.Write("text.png", "no picture at all");
        folder.Write("bomb.png", Pictures.Png(20_000, colourType: 0, bits: 1, row: []));
        folder.Write("half.json", "{\"a\": ");
        folder.Write("surrogate.json", """{"a": "\ud800"}""");
        folder.Write("deep.json", string.Concat(Enumerable.Repeat("[", 1000)));
        Gallery gallery = Gallery.Of(folder.FullName);
        Assert.Equal(
            ["bomb.png", "deep.json", "empty.png", "half.json", "half.png", "surrogate.json", "text.png"],
            gallery.Damaged.Select(d => d.Name).Order(StringComparer.Ordinal));
        Assert.All(gallery.Damaged, d => Assert.NotEmpty(d.Reason));
        Assert.Equal(["good.png"], gallery.Pictures.Select(p => p.File.Name));
        Assert.Equal(7, Page().GetProperty("damaged").GetArrayLength());
    }

    [Fact]
    public void Page_StaysWithinItsBound_AndLargePicturesAreScaledDown()
    {
        Write("result.json", """{"command": "sample"}""");
        Write("large.png", width: 1500, height: 10);
        Write("small.png");

        // What follows the end of a picture is no part of it, but of its size.
        byte[] padded = [.. File.ReadAllBytes(folder.PathTo("small.png")), .. new byte[4 << 20]];
        for (int i = 0; i < 8; i++)
        {
            folder.Write($"padded-{i}.png", padded);
        }

        Gallery gallery = Gallery.Of(folder.FullName);
        Assert.Equal(10, gallery.Pictures.Count);
        Assert.InRange(GalleryPage.Of(gallery).Length, 1, Gallery.MaxPageBytes);
        GalleryPicture large = gallery.Pictures.Single(p => p.File.Name == "large.png"),
            small = gallery.Pictures.Single(p => p.File.Name == "small.png");
        Assert.Equal((1500, "image/webp"), (large.Width, large.Type));
        using SKBitmap shown = SKBitmap.Decode(large.Bytes);
        Assert.Equal((GalleryPicture.MaxSide, 7), (shown.Width, shown.Height));
        Assert.Equal(File.ReadAllBytes(folder.PathTo("small.png")), small.Bytes);
        Assert.All(
            gallery.Pictures.Where(p => p.File.Name.StartsWith("padded", StringComparison.Ordinal)),
            p => Assert.True(p.Bytes.Length < 100_000));
    }

    [Fact]
    public void Facts_StayWithinTheirBound_AndWhatHasNoRoomIsNamed()
    {
        Write("result.json", """{"command": "sample"}""");

        // Each of these characters takes six bytes on a page.
        string facts = "{" + string.Join(',', Enumerable.Range(0, 200).Select(i => $"\"{i}\": \"{new string('<', 300)}\"")) + "}";
        for (int i = 0; i < 14; i++)
        {
            folder.Write($"{i:00}.json", facts);
        }

        Gallery gallery = Gallery.Of(folder.FullName);
        Assert.NotEmpty(gallery.LeftOut);
        Assert.Equal(15, gallery.Facts.Count + gallery.LeftOut.Count);
        Assert.InRange(GalleryPage.Of(gallery).Length, 1, Gallery.MaxPageBytes);
    }

    [Fact]
    public void Folder_WithoutAReport_IsNone()
    {
        Write("photo.png");
        Refused("has no results of costate");
        folder.Write("package.json", """{"name": "x", "command": 3}""");
        Refused("has no results of costate");
        folder.Write("result.json", "{");
        Refused("'result.json' cannot be read");
        Assert.Throws<InvalidDataException>(() => Gallery.Of(folder.PathTo("nowhere")));
    }

    [Fact]
    public void Links_AndHiddenFiles_AreNotFollowed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights there.");
        using var other = new TemporaryFolder();
        Pictures.Write(other.PathTo("secret.png"), 8, 8);
        Write("result.json", """{"command": "sample"}""");
        Write(".hidden.png");
        File.CreateSymbolicLink(folder.PathTo("linked.png"), other.PathTo("secret.png"));
        Directory.CreateSymbolicLink(folder.PathTo("there"), other.FullName);
        Directory.CreateSymbolicLink(folder.PathTo("again"), folder.FullName);
        Assert.Empty(Gallery.Of(folder.FullName).Pictures);
    }

    private void Refused(string text) =>
        Assert.Contains(text, Assert.Throws<InvalidDataException>(() => Gallery.Of(folder.FullName)).Message);

    private void Write(string name, string json) => folder.Write(name, json);

    private void Write(string name, int width = 8, int height = 8)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.PathTo(name))!);
        Pictures.Write(folder.PathTo(name), width, height);
    }

    private string Html() => Encoding.UTF8.GetString(GalleryPage.Of(Gallery.Of(folder.FullName)));

    private JsonElement Page() =>
        JsonDocument.Parse(Between(Html(), "<script type=\"application/json\" id=\"contents\">", "</script>")).RootElement;

    private static string? FileOf(JsonElement page, JsonElement picture) =>
        page.GetProperty("facts")[picture.GetProperty("facts").GetInt32()].GetProperty("file").GetString();

    private static string Between(string text, string start, string end)
    {
        int from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        return text[from..text.IndexOf(end, from, StringComparison.Ordinal)];
    }

    private static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    [GeneratedRegex("Content-Security-Policy\" content=\"([^\"]*)\"")]
    private static partial Regex Policy();
}
