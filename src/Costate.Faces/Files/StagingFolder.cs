namespace Costate.Faces.Files;

/// <summary>
/// A hidden folder in which a run makes its files before they are moved into place. It is held by a lock of the operating system, which a
/// run that is killed leaves hold of: what such a run has left is found by that, and removed by the next.
/// </summary>
internal sealed class StagingFolder : IDisposable
{
    /// <summary>What hidden files and folders begin with, those of safetensors files that are being written too.</summary>
    internal const string Prefix = ".costate-";

    private const string LockFile = ".lock";
    private const int Attempts = 8;

    private readonly FileStream held;

    private StagingFolder(string path, FileStream held) => (FullName, this.held) = (path, held);

    /// <summary>Its full path.</summary>
    internal string FullName { get; }

    /// <summary>Makes one, and removes those that killed runs have left beside it.</summary>
    /// <param name="folder">Where; created if it is missing.</param>
    /// <exception cref="IOException">The file system refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written to.</exception>
    internal static StagingFolder Create(string folder)
    {
        Directory.CreateDirectory(folder);
        RemoveDead(folder);
        for (int attempt = 1; ; attempt++)
        {
            string path = Path.Combine(folder, Prefix + Path.GetRandomFileName());
            Directory.CreateDirectory(path);
            try
            {
                FileStream held = Hold(path);

                // Until it is held, another run may have taken it for one that was left.
                if (File.Exists(held.Name))
                {
                    return new StagingFolder(path, held);
                }

                held.Dispose();
            }
            catch (IOException) when (attempt < Attempts)
            {
            }
        }
    }

    /// <summary>Removes the folders of runs that are no more.</summary>
    internal static void RemoveDead(string folder)
    {
        foreach (string path in Directory.EnumerateDirectories(folder, Prefix + "*").ToArray())
        {
            try
            {
                using FileStream held = Hold(path);
                if (OperatingSystem.IsWindows())
                {
                    // There, nothing is moved that holds an open file.
                    held.Dispose();
                }

                // Under another name first: its run, if it has only just begun, then sees that it is gone.
                string away = Path.Combine(folder, Prefix + Path.GetRandomFileName());
                Directory.Move(path, away);
                Directory.Delete(away, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is in use, or another's.
            }
        }
    }

    /// <summary>Removes it, with what is left in it.</summary>
    public void Dispose()
    {
        held.Dispose();
        try
        {
            Directory.Delete(FullName, recursive: true);
        }
        catch (IOException)
        {
            // Another run has found it unheld and removes it.
        }
    }

    private static FileStream Hold(string path) =>
        new(Path.Combine(path, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
}
