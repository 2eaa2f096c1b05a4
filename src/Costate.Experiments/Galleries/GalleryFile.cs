using Costate.Faces.Files;

namespace Costate.Experiments.Galleries;

/// <summary>A file that a gallery may show, or take numbers from.</summary>
/// <param name="Name">Its path within the folder of results, with slashes.</param>
/// <param name="Path">Where it lies now.</param>
internal sealed record GalleryFile(string Name, string Path)
{
    // Pairs and faces lie two folders deep.
    private const int Deepest = 4;

    /// <summary>The name of the folder within the results; empty for the results' own.</summary>
    internal string Folder => Name.LastIndexOf('/') is int at and >= 0 ? Name[..at] : "";

    internal bool IsJson => HasEnding(".json");

    internal bool IsPicture => HasEnding(".png") || HasEnding(".jpg") || HasEnding(".jpeg") || HasEnding(".webp");

    /// <summary>The name without its ending.</summary>
    internal string Stem => Name[..^System.IO.Path.GetExtension(Name).Length];

    /// <summary>The files of a folder, by name. What is hidden, and links, which may lead anywhere, are not among them.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    internal static IReadOnlyList<GalleryFile> In(string folder) => Sorted(Below(new DirectoryInfo(folder), "", Deepest));

    /// <summary>The files that a run has staged, in place of those in its folder.</summary>
    /// <param name="results">What is about to be committed.</param>
    /// <param name="withFolder">Whether what lies in the folder belongs to the results too.</param>
    internal static IReadOnlyList<GalleryFile> Of(OutputFolder results, bool withFolder)
    {
        GalleryFile[] staged = [.. results.Files.Select(name => new GalleryFile(name, results.PathOf(name)))];
        return Sorted(staged.Concat(withFolder ? In(results.FullName) : []).DistinctBy(file => file.Name));
    }

    private static IReadOnlyList<GalleryFile> Sorted(IEnumerable<GalleryFile> files) =>
        [.. files.Where(file => file.IsJson || file.IsPicture).OrderBy(file => file.Name, StringComparer.Ordinal)];

    private static IEnumerable<GalleryFile> Below(DirectoryInfo folder, string prefix, int depth)
    {
        foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos().Where(IsOwn))
        {
            if (entry is FileInfo file)
            {
                yield return new GalleryFile(prefix + file.Name, file.FullName);
            }
            else if (depth > 0)
            {
                foreach (GalleryFile below in Below((DirectoryInfo)entry, $"{prefix}{entry.Name}/", depth - 1))
                {
                    yield return below;
                }
            }
        }
    }

    private static bool IsOwn(FileSystemInfo entry) =>
        !entry.Name.StartsWith('.') && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint);

    private bool HasEnding(string ending) => Name.EndsWith(ending, StringComparison.OrdinalIgnoreCase);
}
