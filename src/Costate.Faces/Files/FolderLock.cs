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
    private readonly string owner;

    private FolderLock(FileStream held, string owner) => (this.held, this.owner) = (held, owner);

    /// <summary>Takes a folder, which is created if it is missing, and removes what killed runs have left unfinished in it.</summary>
    /// <param name="folder">As the user gave it.</param>
    /// <param name="command">What takes it, to be named to others.</param>
    /// <exception cref="IOException">Another run has it, which the message names; or it cannot be written to.</exception>
    internal static FolderLock Take(string folder, string command)
    {
        string full = Path.GetFullPath(folder);
        string owner = Path.Combine(full, OwnerFile);
        OutputFolder.RefuseFile(folder);
        try
        {
            Directory.CreateDirectory(full);
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
        }
        catch (IOException e) when (SharingViolations.Contains(e.HResult))
        {
            throw new IOException(
                $"The folder '{folder}' is in use by another run{OwnerText(owner)}. Wait until it ends, end it, "
                    + "or give another folder for the output.",
                e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw OutputFolder.NotWritable(folder, e);
        }
    }

    /// <summary>Leaves hold of it.</summary>
    public void Dispose()
    {
        File.Delete(owner);
        held.Dispose();
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

    // Of this folder and those below it, except those that are taken by themselves.
    private static void RemoveUnfinished(string folder)
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
