namespace Costate.Testing;

/// <summary>An empty folder outside the repository, deleted with all it holds at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("costate-").FullName;

    public string PathTo(params string[] parts) => Path.Combine([FullName, .. parts]);

    /// <summary>The names of all files directly in it, hidden ones too.</summary>
    public string[] Files => [.. new DirectoryInfo(FullName).GetFiles().Select(file => file.Name).Order(StringComparer.Ordinal)];

    /// <summary>Writes a text file, with the folders on the way to it; returns its full path.</summary>
    public string Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    /// <inheritdoc cref="Write(string, string)"/>
    public string Write(string name, byte[] bytes)
    {
        string path = PathTo(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
