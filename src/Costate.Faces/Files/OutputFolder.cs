namespace Costate.Faces.Files;

/// <summary>
/// The folder of a command's results. Files are made in a hidden folder inside it and moved into place together at the end, so
/// that a failed or cancelled run changes nothing. Whether it can be written to is known before any computing.
/// </summary>
internal sealed class OutputFolder : IDisposable
{
    private readonly string path;
    private readonly StagingFolder staging;
    private readonly string? created;
    private readonly List<string> staged = [];

    private OutputFolder(string path, StagingFolder staging, string? created)
    {
        this.path = path;
        this.staging = staging;
        this.created = created;
    }

    /// <summary>The names of the files staged so far.</summary>
    internal IReadOnlyList<string> Files => staged;

    /// <summary>The folder's full path.</summary>
    internal string FullName => path;

    /// <summary>Creates the folder where it is missing, and makes sure that it can be written to.</summary>
    /// <param name="folder">As the user gave it.</param>
    /// <param name="names">The files that will come, none of which may be a folder.</param>
    /// <exception cref="IOException">It cannot be used; the message says why.</exception>
    internal static OutputFolder Prepare(string folder, params IEnumerable<string> names)
    {
        string full = Path.GetFullPath(folder);
        RefuseFile(folder);
        RefuseFolders(full, names);
        string? created = FirstMissing(full);
        try
        {
            return new OutputFolder(full, StagingFolder.Create(full), created);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            RemoveIfEmpty(created, full);
            throw NotWritable(folder, e);
        }
    }

    /// <exception cref="IOException">There is a file where the folder should be.</exception>
    internal static void RefuseFile(string folder)
    {
        if (File.Exists(Path.GetFullPath(folder)))
        {
            throw new IOException(
                $"Cannot write to '{folder}': it is a file; expected a folder, or nothing yet. Name another folder for the output.");
        }
    }

    /// <summary>What to tell of a folder that the system does not let us write to.</summary>
    internal static IOException NotWritable(string folder, Exception cause) =>
        new(
            $"Cannot write to '{folder}': {cause.Message.TrimEnd('.')}. Expected a folder that this user may create and write to. "
                + "Name another folder for the output.",
            cause);

    /// <summary>Further files that will come, none of which may be a folder.</summary>
    /// <exception cref="IOException">One is.</exception>
    internal void Expect(IEnumerable<string> names) => RefuseFolders(path, names);

    /// <summary>Where to make a file of the given name.</summary>
    internal string Stage(string name)
    {
        staged.Add(name);
        return PathOf(name);
    }

    /// <summary>Where a file lies that is staged.</summary>
    internal string PathOf(string name) => Path.Combine(staging.FullName, name);

    /// <summary>Moves all files into place, over those that are there.</summary>
    internal void Commit()
    {
        foreach (string name in staged)
        {
            File.Move(PathOf(name), Path.Combine(path, name), overwrite: true);
        }
    }

    public void Dispose()
    {
        staging.Dispose();
        RemoveIfEmpty(created, path);
    }

    private static void RefuseFolders(string full, IEnumerable<string> names)
    {
        foreach (string name in names.Where(name => Directory.Exists(Path.Combine(full, name))))
        {
            throw new IOException(
                $"Cannot write '{Path.Combine(full, name)}': it is a folder; expected a file, or nothing yet. "
                    + "Name another folder for the output.");
        }
    }

    // The topmost folder on the way that is not there yet: what to take away again after a failure.
    private static string? FirstMissing(string full)
    {
        string? missing = null;
        for (string? at = full; at is not null && !Directory.Exists(at); at = Path.GetDirectoryName(at))
        {
            missing = at;
        }

        return missing;
    }

    private static void RemoveIfEmpty(string? top, string bottom)
    {
        if (top is null)
        {
            return;
        }

        for (string? at = bottom; at is not null && at.Length >= top.Length; at = Path.GetDirectoryName(at))
        {
            if (Directory.Exists(at))
            {
                if (Directory.EnumerateFileSystemEntries(at).Any())
                {
                    return;
                }

                Directory.Delete(at);
            }
        }
    }
}
