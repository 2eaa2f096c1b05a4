namespace Costate.Networks.Tests;

/// <summary>A folder of its own for a test, gone with it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("costate-tests-").FullName;

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>The names of all files, hidden ones too.</summary>
    internal string[] Files => [.. new DirectoryInfo(Path).GetFiles().Select(file => file.Name).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
