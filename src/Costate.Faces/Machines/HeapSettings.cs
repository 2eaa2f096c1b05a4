using System.Runtime.InteropServices;

namespace Costate.Faces.Machines;

/// <summary>
/// Lets the C library keep what torch frees. With its defaults every larger tensor is mapped and unmapped anew, and training, sampling and
/// guidance lose up to half of their speed to page faults.
/// </summary>
internal static partial class HeapSettings
{
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MapThreshold = -3;

    // The highest that the library takes.
    private const int LargestMapThreshold = 32 << 20;

    /// <summary>Does nothing where the C library is another one.</summary>
    internal static void KeepFreedMemory()
    {
        try
        {
            _ = SetOption(MapThreshold, LargestMapThreshold);
            _ = SetOption(TrimThreshold, int.MaxValue);
            _ = SetOption(TopPad, 64 << 20);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another system; it may have no such trouble.
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
