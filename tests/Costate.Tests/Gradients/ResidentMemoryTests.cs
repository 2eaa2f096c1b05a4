using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Many gradients leave no memory behind. The benchmarks measure it more finely, in a process of their own.</summary>
public sealed class ResidentMemoryTests
{
    private const int Calls = 160;

    // A state of 256 KiB lost in each call would add up to 40 MiB. The garbage collector's own memory has moved by 20.
    private const long Margin = 30 << 20;

    // What is lost in each call shows in each attempt; what the collector holds does not.
    private const int Attempts = 3;

    public static TheoryData<GradientMethod> Methods =>
    [
        GradientMethod.Discrete(),
        GradientMethod.Discrete(Checkpointing.Revolve(3)),
        GradientMethod.AdjointDeis(order: 2),
        GradientMethod.Unrolled(),
    ];

    [Theory]
    [MemberData(nameof(Methods), DisableDiscoveryEnumeration = true)]
    public void Gradients_LeaveNothingBehind(GradientMethod method)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc/self/status.");
        using Tensor start = Start();
        using Tensor z = ones(1, 1, 1, 1);
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var sampler = new Sampler(
            Denoiser.FromFunction((x, t, c) => x.tanh() * c!, Prediction.Noise),
            schedule,
            Solver.DpmSolverPlusPlus(2),
            TimeGrid.UniformLogSnr(schedule, 6));
        void Run(int calls)
        {
            for (int i = 0; i < calls; i++)
            {
                using DisposeScope scope = NewDisposeScope();
                sampler.Gradient(start, z, x => x.square().sum([1, 2, 3]), method);
            }
        }

        long Growth()
        {
            (long bytes, long tensors) = (ResidentBytes(), Tensor.TotalCount);
            Run(Calls);

            // Fewer only if the collector finds another test's tensors in the meantime.
            Assert.True(Tensor.TotalCount <= tensors);
            return ResidentBytes() - bytes;
        }

        Run(Calls / 5);
        Assert.Contains(Enumerable.Range(0, Attempts), _ => Growth() < Margin);
    }

    [Fact]
    public void OneStateKeptInEachCall_WouldBeSeen()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc/self/status.");
        using var scope = NewDisposeScope();
        Tensor start = Start();
        long bytes = ResidentBytes();
        for (int i = 0; i < Calls; i++)
        {
            start.clone();
        }

        Assert.True(ResidentBytes() - bytes > Margin);
    }

    private static Tensor Start() => StartNoise.Draw([1, 4, 128, 128], 1);

    private static long ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();

        // Without this, what other tests have freed stays resident and would take in what is lost here.
        _ = TrimHeap(0);
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    [DllImport("libc", EntryPoint = "malloc_trim")]
    private static extern int TrimHeap(nuint kept);
}
