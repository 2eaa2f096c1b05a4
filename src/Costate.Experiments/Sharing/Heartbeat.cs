using System.Globalization;
using System.Text;

namespace Costate.Experiments.Sharing;

/// <summary>
/// A counter in a file that moves for as long as its process lives. A file that is gone says that the process has left; one that stands
/// still, that it may be dead.
/// </summary>
internal sealed class Heartbeat : IDisposable
{
    private readonly string path;
    private readonly ManualResetEventSlim stopped = new();
    private readonly Thread thread;

    /// <param name="path">The file, which is created.</param>
    /// <param name="beat">From one number to the next.</param>
    internal Heartbeat(string path, TimeSpan beat)
    {
        this.path = path;
        try
        {
            Write(0);
        }
        catch (DirectoryNotFoundException)
        {
            // All was done, and removed, this moment.
        }

        thread = new Thread(() => Beat(beat)) { IsBackground = true, Name = "heartbeat" };
        thread.Start();
    }

    public void Dispose()
    {
        stopped.Set();
        thread.Join();
        stopped.Dispose();
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Others then wait for it to lapse, or have removed all.
        }
    }

    private void Beat(TimeSpan beat)
    {
        for (long number = 1; !stopped.Wait(beat); number++)
        {
            try
            {
                Write(number);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A shared folder that is away for a while: the next beat tries again. Should that take so long that others take the items
                // over, they compute the same.
            }
        }
    }

    // In place, not by a rename: machines that share a folder see that sooner. Where the folder itself is gone it is not made anew.
    private void Write(long number)
    {
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        file.Write(Encoding.ASCII.GetBytes(number.ToString("D12", CultureInfo.InvariantCulture)));
    }
}
