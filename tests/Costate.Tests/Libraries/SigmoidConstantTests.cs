using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// The constant is read before each call of a network. What reads it has results too small for 32 bits on its way, which the processor
/// remembers until it is told to forget.
/// </summary>
public sealed class SigmoidConstantTests
{
    // FE_UNDERFLOW and FE_ALL_EXCEPT of x86.
    private const int Underflow = 0x10;
    private const int Everything = 0x3d;

    [Fact]
    public void EachCallOfANetwork_FindsTheConstantMappedIn()
    {
        RequireFlags();
        List<bool> mapped = [];
        using var scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        Denoiser denoiser = Denoiser.FromFunction(
            (x, _, _) =>
            {
                mapped.Add(IsMappedIn());
                Forget();
                return x * 0.5f;
            },
            Prediction.Noise);
        var sampler = new Sampler(denoiser, schedule, Solver.Ddim(), TimeGrid.UniformLogSnr(schedule, 3));
        Forget();
        sampler.Sample(StartNoise.Draw([1, 3, 8, 8], 1));
        Assert.Equal([true, true, true], mapped);
    }

    [Fact]
    public void TheSameArithmetic_DoesNotReadTheConstant()
    {
        RequireFlags();
        using var scope = NewDisposeScope();
        Tensor x = StartNoise.Draw([1, 3, 8, 8], 1);
        Forget();
        Tensor t = full([1], 0.5);
        (x.clone() * 0.5f * t + x.sigmoid()).sum();
        Assert.False(IsMappedIn());
        SigmoidConstant.MapIn(DeviceType.META);
        Assert.False(IsMappedIn());
        SigmoidConstant.MapIn(DeviceType.CPU);
        Assert.True(IsMappedIn());
    }

    private static void RequireFlags() => Assert.SkipUnless(
        OperatingSystem.IsLinux() && Avx512F.IsSupported,
        "The constant matters on processors with AVX-512; what they remember is read on Linux.");

    private static bool IsMappedIn() => FlagsAmong(Underflow) != 0;

    private static void Forget() => Assert.Equal(0, Clear(Everything));

    [DllImport("libm.so.6", EntryPoint = "fetestexcept")]
    private static extern int FlagsAmong(int flags);

    [DllImport("libm.so.6", EntryPoint = "feclearexcept")]
    private static extern int Clear(int flags);
}
