using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Costate.Experiments.Galleries;

/// <summary>
/// The page of a gallery: one file with everything in it. It asks for nothing from anywhere and runs no script but its own, which its
/// security policy says by their hashes; what files say is text in it, never markup.
/// </summary>
internal static class GalleryPage
{
    private const int MaxNamed = 200;

    /// <summary>The page, in UTF-8.</summary>
    internal static byte[] Of(Gallery gallery)
    {
        (string style, string script) = (Resource("gallery.css"), Resource("gallery.js"));
        string head =
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{Policy(style, script)}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{HtmlEncoder.Default.Encode(gallery.Title)} · Costate</title>
            <style>{style}</style>
            </head>
            <body>
            <noscript>This page draws itself by its own script, which needs JavaScript.</noscript>
            <script type="application/json" id="contents">
            """;
        using var page = new MemoryStream();
        page.Write(Encoding.UTF8.GetBytes(head));
        WriteContents(page, gallery);
        page.Write(Encoding.UTF8.GetBytes($"</script>\n<script>{script}</script>\n</body>\n</html>\n"));
        return page.ToArray();
    }

    private static string Policy(string style, string script) =>
        $"default-src 'none'; img-src data:; style-src '{Hash(style)}'; script-src '{Hash(script)}'; base-uri 'none'; form-action 'none'";

    private static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    // The writer's own encoder escapes whatever HTML could take for markup.
    private static void WriteContents(Stream to, Gallery gallery)
    {
        using var json = new Utf8JsonWriter(to);
        string[] names = [.. gallery.Facts.Keys];
        Dictionary<string, int> indices = names.Index().ToDictionary(n => n.Item, n => n.Index);
        json.WriteStartObject();
        json.WriteString("title", gallery.Title);
        json.WriteString("bound", string.Create(
            CultureInfo.InvariantCulture,
            $"At most {Gallery.MaxPageBytes >> 20} MB: pictures have at most {GalleryPicture.MaxSide} pixels a side here, "
                + $"and fewer where there are many. The files have all of it."));
        json.WriteStartArray("facts");
        foreach (string name in names)
        {
            WriteFacts(json, name, gallery.Facts[name]);
        }

        json.WriteEndArray();
        json.WriteStartArray("pictures");
        foreach (GalleryPicture picture in gallery.Pictures)
        {
            json.WriteStartObject();
            json.WriteString("file", picture.File.Name);
            json.WriteNumber("facts", gallery.FactsOf(picture.File) is string its ? indices[its] : -1);
            json.WriteNumber("width", picture.Width);
            json.WriteNumber("height", picture.Height);
            json.WriteString("type", picture.Type);
            json.WriteBase64String("data", picture.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteNamed(json, "damaged", gallery.Damaged);
        WriteNamed(json, "leftOut", gallery.LeftOut);
        json.WriteEndObject();
    }

    private static void WriteFacts(Utf8JsonWriter json, string name, GalleryFacts facts)
    {
        json.WriteStartObject();
        json.WriteString("file", name);
        json.WriteBoolean("report", facts.IsReport);
        json.WriteStartArray("values");
        foreach ((string key, object value) in facts.Values)
        {
            json.WriteStartArray();
            json.WriteStringValue(key);
            JsonSerializer.Serialize(json, value);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteStartArray("curves");
        foreach ((string key, IReadOnlyList<double> values) in facts.Curves)
        {
            json.WriteStartArray();
            json.WriteStringValue(key);
            JsonSerializer.Serialize(json, values);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteNamed(Utf8JsonWriter json, string what, IReadOnlyList<(string Name, string Reason)> files)
    {
        json.WriteStartArray(what);
        foreach ((string name, string reason) in files.Take(MaxNamed))
        {
            json.WriteStringValue($"{name}: {reason}");
        }

        if (files.Count > MaxNamed)
        {
            json.WriteStringValue($"and {files.Count - MaxNamed} more");
        }

        json.WriteEndArray();
    }

    private static string Resource(string name)
    {
        using Stream stream = typeof(GalleryPage).Assembly.GetManifestResourceStream($"Costate.Experiments.Galleries.{name}")
            ?? throw new InvalidOperationException($"The program was built without its {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
