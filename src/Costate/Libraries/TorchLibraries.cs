using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Costate;

/// <summary>The native libraries that TorchSharp runs on, which come with a package that an application chooses.</summary>
internal static class TorchLibraries
{
    /// <summary>
    /// Loads them, if TorchSharp has not yet. It comes first in whatever makes tensors out of none: TorchSharp's own error, a
    /// <see cref="TypeInitializationException"/>, hides what to do about it.
    /// </summary>
    /// <exception cref="MissingLibraryException">They are not there, or cannot be loaded.</exception>
    internal static void Require()
    {
        try
        {
            RuntimeHelpers.RunClassConstructor(typeof(torch).TypeHandle);
        }
        catch (TypeInitializationException e)
        {
            throw new MissingLibraryException(Message(), e.InnerException ?? e);
        }
    }

    private static string Message()
    {
        string version = typeof(torch).Assembly.GetName().Version!.ToString(3);
        if (!Folders().Any(folder => File.Exists(Path.Combine(folder, FileName("torch_cpu")))))
        {
            return $"""
                libtorch is missing: this program has TorchSharp, but no package with the native library that it runs on.
                Add one to the project of the program: dotnet add package TorchSharp-cpu --version {version}
                (or, for NVIDIA's GPUs, TorchSharp-cuda-windows or TorchSharp-cuda-linux, of the same version).
                """.ReplaceLineEndings(" ");
        }

        return $"libtorch is there, but cannot be loaded: {LoadersText()} Reference TorchSharp-cpu (or another of TorchSharp's packages "
            + $"of libtorch) of version {version}, that of TorchSharp itself.";
    }

    private static string LoadersText()
    {
        try
        {
            NativeLibrary.Load("LibTorchSharp", typeof(torch).Assembly, null);
            return "TorchSharp did not find it.";
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            // A line for each place that was tried. The one that tells most is of the file that is there.
            string[] lines = e.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            return (
                    lines.FirstOrDefault(line =>
                        Folders().Any(folder => line.StartsWith(folder, StringComparison.Ordinal))
                        && !line.Contains("No such file", StringComparison.Ordinal)) ?? lines[0]
                ).TrimEnd('.') + '.';
        }
    }

    // Where the runtime looks for native libraries: the folder of the program, those of its packages, and "runtimes" below.
    private static IEnumerable<string> Folders() =>
        (
            (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string)?.Split(
                Path.PathSeparator,
                StringSplitOptions.RemoveEmptyEntries) ?? []
        ).Append(AppContext.BaseDirectory);

    private static string FileName(string library) =>
        OperatingSystem.IsWindows() ? $"{library}.dll" : OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";
}
