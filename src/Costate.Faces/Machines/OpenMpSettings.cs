using System.Runtime.InteropServices;

namespace Costate.Faces.Machines;

/// <summary>
/// Lets torch's threads sleep while they wait for each other. By default OpenMP has them spin, and where another program takes one of the
/// cores, each waits for one that is not running: a morph of half a minute takes more than ten.
/// </summary>
internal static partial class OpenMpSettings
{
    /// <summary>
    /// Takes effect until torch is loaded; leaves a setting of the user's as it is. Does nothing on other systems than Linux.
    /// </summary>
    internal static void WaitAsleep()
    {
        try
        {
            _ = SetVariable("OMP_WAIT_POLICY", "passive", overwrite: 0);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another C library.
        }
    }

    // Environment.SetEnvironmentVariable changes the runtime's copy, which libraries in C do not see.
    [LibraryImport("libc.so.6", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
