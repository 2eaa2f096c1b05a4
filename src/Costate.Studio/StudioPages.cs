using System.Reflection;

namespace Costate.Studio;

/// <summary>The files of the page, which are in the program itself.</summary>
internal static class StudioPages
{
    internal const string First = "index.html";

    private const string Prefix = "page:";

    private static readonly Dictionary<string, string> Types = new()
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    };

    private static readonly Dictionary<string, byte[]> Files = Assembly.GetExecutingAssembly().GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .ToDictionary(name => name[Prefix.Length..], Read);

    /// <summary>A file and what it is; null where there is none of this name.</summary>
    internal static (byte[] Bytes, string Type)? Find(string name) =>
        Files.TryGetValue(name, out byte[]? bytes) ? (bytes, Types[Path.GetExtension(name)]) : null;

    private static byte[] Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
