using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Convolutions of 32-bit numbers on a CPU, which libtorch leaves to oneDNN.</summary>
/// <remarks>
/// On some processors (seen on virtual machines with AMD's Zen 5) the oneDNN 3.7 of libtorch 2.10 leaves arbitrary numbers in the rest of
/// its blocks where channels are no multiple of 16: results and gradients are wrong by tens of percent, or NaN, and change from run to run.
/// Networks of Costate.Networks go around it, and 64 bits are not affected. An application that runs other convolutional networks in 32
/// bits calls <see cref="EnsureRight"/> once when it begins.
/// </remarks>
public static partial class CpuConvolutions
{
    // Rounding is below 1e-5, what the defect does above 1e-2.
    private const double Tolerance = 1e-3;

    /// <summary>Whether this machine computes a convolution that the defect would show in rightly. Takes a millisecond.</summary>
    public static bool AreRight()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor x = StartNoise.Draw([1, 24, 32, 32], seed: 1), weight = StartNoise.Draw([24, 24, 3, 3], seed: 2);
        Tensor expected = nn.functional.conv2d(x.to(ScalarType.Float64), weight.to(ScalarType.Float64), padding: [1, 1]);
        Tensor distance = (nn.functional.conv2d(x, weight, padding: [1, 1]).to(ScalarType.Float64) - expected).abs().max() / expected.abs().max();

        // False for NaN too.
        return distance.item<double>() < Tolerance;
    }

    /// <summary>Switches oneDNN off for the whole process where convolutions are wrong, which makes them right and about half as fast.</summary>
    /// <returns>Whether they are right now; false where this libtorch cannot be told.</returns>
    public static bool EnsureRight()
    {
        if (AreRight())
        {
            return true;
        }

        try
        {
            UseOneDnn(GlobalContext(), 0);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }

        return AreRight();
    }

    // TorchSharp 0.107 has no torch.backends.mkldnn; these are the functions behind it.
    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at13globalContextEv")]
    private static partial nint GlobalContext();

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context20setUserEnabledMkldnnEb")]
    private static partial void UseOneDnn(nint context, byte use);
}
