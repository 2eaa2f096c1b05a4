using System.Globalization;

namespace Costate.Faces.Files;

/// <summary>
/// A folder that a run goes on with, taken by one run at a time. The lock is the operating system's, so a run that is killed leaves hold of
/// it; a text beside it says whose it is. It lies in the folder for good, since a lock that is removed could be held twice.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    private const string LockFile = ".costate.lock";
    private const string OwnerFile = ".costate.run";

    private const int MaxShown = 1000;

    // EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    private static readonly int[] SharingViolations = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream held;
    private readonly string? owner;

    private FolderLock(FileStream held, string? owner) => (this.held, this.owner) = (held, owner);

    /// <summary>Takes a folder, which is created if it is missing, and removes what killed runs have left unfinished in it.</summary>
    /// <param name="folder">As the user gave it.</param>
    /// <param name="command">What takes it, to be named to others.</param>
    /// <exception cref="IOException">Another run has it, which the message names; or it cannot be written to.</exception>
    internal static FolderLock Take(string folder, string command)
    {
        string full = Path.GetFullPath(folder);
        string owner = Path.Combine(full, OwnerFile);
        return Held(folder, () =>
        {
            var held = new FileStream(Path.Combine(full, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            try
            {
                string now = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
                File.WriteAllText(
                    owner,
                    $"process {Environment.ProcessId} on {Environment.MachineName} since {now} UTC: costate "
                        + $"{command}\n");
                RemoveUnfinished(full);
                return new FolderLock(held, owner);
            }
            catch
            {
                held.Dispose();
                throw;
            }
        });
    }

    /// <summary>Takes a folder, which is created if it is missing, together with others who take it so.</summary>
    /// <param name="folder">As the user gave it.</param>
    /// <exception cref="IOException">A run has it for itself alone, which the message names; or it cannot be written to.</exception>
    internal static FolderLock Share(string folder)
    {
        string full = Path.GetFullPath(folder), path = Path.Combine(full, LockFile);
        return Held(folder, () =>
        {
            // Who holds a lock for reading only lets others hold it too, but must find the file.
            using (new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
            {
            }

            return new FolderLock(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read), owner: null);
        });
    }

    /// <summary>Leaves hold of it.</summary>
    public void Dispose()
    {
        if (owner is not null)
        {
            File.Delete(owner);
        }

        held.Dispose();
    }

    private static FolderLock Held(string folder, Func<FolderLock> take)
    {
        OutputFolder.RefuseFile(folder);
        try
        {
            Directory.CreateDirectory(folder);
            return take();
        }
        catch (IOException e) when (SharingViolations.Contains(e.HResult))
        {
            throw new IOException(
                $"The folder '{folder}' is in use by another run{OwnerText(Path.Combine(folder, OwnerFile))}. Wait until it ends, end it, "
                    + "or give another folder for the output.",
                e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw OutputFolder.NotWritable(folder, e);
        }
    }

    private static string OwnerText(string owner)
    {
        try
        {
            string text = File.ReadAllText(owner);

            // What a terminal would act on is not shown.
            return ", " + string.Concat(text.Take(MaxShown).Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has begun or ended this moment.
            return "";
        }
    }

    /// <summary>
    /// Removes what killed runs have left unfinished in a folder and those below it, except those that are taken by themselves.
    /// </summary>
    internal static void RemoveUnfinished(string folder)
    {
        StagingFolder.RemoveDead(folder);
        foreach (string file in Directory.EnumerateFiles(folder, StagingFolder.Prefix + "*"))
        {
            File.Delete(file);
        }

        foreach (
            string below in Directory
                .EnumerateDirectories(folder)
                .Where(below =>
                    !Path.GetFileName(below).StartsWith(StagingFolder.Prefix, StringComparison.Ordinal)
                    && !File.Exists(Path.Combine(below, LockFile))))
        {
            RemoveUnfinished(below);
        }
    }
}
