using Costate.Benchmarks.Memory;
using Costate.Benchmarks.Overhead;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Reversible;

/// <summary>What a child process measures of itself.</summary>
internal static class ReversibleMeasurement
{
    internal const int Batch = 8;

    // States of 1 MiB in 64 bits: a thousand of them would be four times all the rest.
    private const int Size = 128;
    private const int Channels = 8;

    // Until the garbage collector has been through its youngest generation a few times, that generation still grows.
    private const int WarmUps = 100;
    private const int SmallSize = 16;
    private const int FewSteps = 10;
    private const int HiddenLayers = 2;

    internal static long StateBytes => Channels * Size * Size * sizeof(double);

    /// <summary>
    /// The peak of everything resident, with one gradient through an elementwise network, which itself keeps next to nothing.
    /// </summary>
    internal static long Peak(int steps)
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        for (int i = 0; i < WarmUps; i++)
        {
            Run(FewSteps, SmallSize);
        }

        Run(steps, Size);
        return ResidentMemory.PeakBytes;

        static void Run(int steps, int size)
        {
            using DisposeScope scope = NewDisposeScope();
            NoiseSchedule schedule = NoiseSchedule.VpLinear();
            var sampler = new Sampler(
                Denoiser.FromFunction((x, t, z) => x.tanh(), Prediction.Noise),
                schedule,
                Solver.Rex(ButcherTableau.Euler),
                TimeGrid.UniformLogSnr(schedule, steps));
            sampler.Gradient(
                StartNoise.Draw([1, Channels, size, size], 1),
                null,
                x => x.square().sum([1, 2, 3]),
                GradientMethod.Reversible());
        }
    }

    /// <summary>By how much one gradient raises the peak above what was resident before it.</summary>
    /// <param name="steps">Number of steps.</param>
    /// <param name="slots">0 for Rex(Euler) with <c>Reversible</c>, else the slots of <c>Revolve</c> for DDIM.</param>
    internal static long Growth(int steps, int slots)
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        using var network = new ConvolutionalNetwork(HiddenLayers);
        NetworkGradient Of(int n, int batch) => slots == 0
            ? new(network, Solver.Rex(ButcherTableau.Euler), GradientMethod.Reversible(), n, batch)
            : new(network, Solver.Ddim(), GradientMethod.Discrete(Checkpointing.Revolve(slots)), n, batch);
        (NetworkGradient few, NetworkGradient many) = (Of(FewSteps, 1), Of(steps, Batch));
        for (int i = 0; i < WarmUps; i++)
        {
            few.Run();
        }

        MemoryMeasurement.Collect();
        ResidentMemory.ResetPeak();
        long before = ResidentMemory.CurrentBytes;
        many.Run();
        return ResidentMemory.PeakBytes - before;
    }
}
