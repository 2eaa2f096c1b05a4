using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>The libraries that libtorch leaves work on a CPU to, some of which need a word before they are used.</summary>
/// <remarks>
/// <para>
/// NNPACK: where cpuinfo finds no caches (many virtual machines), libtorch offers it every small convolution anew, and writes a line to the
/// standard error each time that it refuses: tens of thousands for a sample. It is switched off; results stay the same to the bit.
/// </para>
/// <para>
/// oneDNN: on some processors (seen on virtual machines with AMD's Zen 5) version 3.7, that of libtorch 2.10, leaves arbitrary numbers in
/// the rest of its blocks where channels are no multiple of 16. Results and gradients of convolutions in 32 bits are then wrong by tens of
/// percent, or NaN, and change from run to run; 64 bits are not affected. Where a convolution that would show it comes out wrong, oneDNN is
/// switched off, which makes convolutions right and about half as fast.
/// </para>
/// <para>
/// Sigmoid and SiLU of 32 bits can be forty times slower than they should be until the exponential in them has overflowed once. It does
/// here, and before each call of a <see cref="Denoiser"/>'s network; a program that calls networks itself can do so by
/// <c>full(32, -200f).sigmoid()</c>.
/// </para>
/// </remarks>
public static class CpuLibraries
{
    // Rounding is below 1e-5, what the defect does above 1e-2.
    private const double Tolerance = 1e-3;

    /// <summary>
    /// Makes libtorch quiet and its convolutions right, for the whole process. An application calls it once when it begins; again, or on
    /// several threads, it finds the same and does no harm. It loads libtorch, and takes some milliseconds after that.
    /// </summary>
    /// <param name="keepOneDnn">
    /// Leave oneDNN on where it is wrong: for applications that run no convolutions but those of the networks of Costate.Networks, which go
    /// around what it gets wrong and are faster with it. The default value is false.
    /// </param>
    /// <returns>How things are now.</returns>
    /// <exception cref="MissingLibraryException">libtorch is not there, or cannot be loaded; the message says what to do.</exception>
    public static CpuLibrariesState Prepare(bool keepOneDnn = false)
    {
        TorchLibraries.Require();
        LibtorchSwitches? switches = LibtorchSwitches.Find();
        switches?.UseNnpack(false);
        SigmoidConstant.MapIn(DeviceType.CPU);

        bool right = ConvolutionsAreRight();
        if (!right && !keepOneDnn && switches is not null)
        {
            switches.UseOneDnn(false);
            right = ConvolutionsAreRight();
        }

        return new CpuLibrariesState(
            NnpackIsOff: switches is { UsesNnpack: false },
            OneDnnIsOff: switches is { UsesOneDnn: false },
            ConvolutionsAreRight: right,
            SwitchesWereFound: switches is not null);
    }

    // A convolution that the defect would show in.
    private static bool ConvolutionsAreRight()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor x = StartNoise.Draw([1, 24, 32, 32], seed: 1), weight = StartNoise.Draw([24, 24, 3, 3], seed: 2);
        Tensor expected = nn.functional.conv2d(x.to(ScalarType.Float64), weight.to(ScalarType.Float64), padding: [1, 1]);
        Tensor distance =
            (nn.functional.conv2d(x, weight, padding: [1, 1]).to(ScalarType.Float64) - expected).abs().max() / expected.abs().max();

        // False for NaN too.
        return distance.item<double>() < Tolerance;
    }
}
