using System.Runtime.InteropServices;
using TorchSharp;

namespace Costate.Faces.Machines;

/// <summary>libtorch as the tool finds it.</summary>
internal static class Libtorch
{
    internal static IReadOnlyList<Finding> Look(Func<CpuLibrariesState> prepare)
    {
        try
        {
            return [.. Found(prepare())];
        }
        catch (MissingLibraryException e)
        {
            return [new("libtorch", "not loaded", $"Install the tool again. ({e.Message})")];
        }
    }

    private static IEnumerable<Finding> Found(CpuLibrariesState state)
    {
        yield return new("libtorch", $"{torch.__version__}, by TorchSharp {typeof(torch).Assembly.GetName().Version!.ToString(3)}");
        string setting = Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is string set ? $" (OMP_NUM_THREADS={set})" : "";
        yield return new("torch threads", $"{torch.get_num_threads()}{setting}; one picture runs on one");
        yield return new(
            "GPU",
            torch.cuda.is_available()
                ? $"{torch.cuda.device_count()} for CUDA; the tool computes on the processor"
                : "none that this libtorch can use; the tool computes on the processor");
        if (OperatingSystem.IsLinux())
        {
            yield return new("libstdc++", HasNewLibstdcxx()
                ? "has GLIBCXX_3.4.32, which TorchSharp asks for"
                : "lacks GLIBCXX_3.4.32; the tool's copy of TorchSharp's library was changed to load without it");
        }

        yield return new(
            "NNPACK",
            state.NnpackIsOff ? "off" : "on",
            state.NnpackIsOff
                ? null
                : "This libtorch has no switches where they are known to be. Install the tool again; do not replace its libraries.");
        yield return OneDnn(state);
    }

    private static Finding OneDnn(CpuLibrariesState state) => new("oneDNN", state switch
    {
        { OneDnnIsOff: true } => "off: it is wrong on this processor. Convolutions are right, at half the speed",
        { ConvolutionsAreRight: true } => "on, and right",
        _ =>
            "wrong on this processor, where channels are no multiple of 16: the embedded networks go around that, "
                + "and with a TorchScript file it is switched off",
    });

    // What came with that version, and nothing else.
    private static bool HasNewLibstdcxx() =>
        NativeLibrary.TryLoad("libstdc++.so.6", out nint library)
        && NativeLibrary.TryGetExport(library, "_ZSt21ios_base_library_initv", out _);
}
