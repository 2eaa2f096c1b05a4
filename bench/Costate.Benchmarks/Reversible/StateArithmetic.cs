using Costate.Benchmarks.Overhead;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Reversible;

/// <summary>What Rex(Euler) computes beside its network, whose states are two words of 64 bits: milliseconds an evaluation.</summary>
internal static class StateArithmetic
{
    private const int Steps = 20;

    // Both states of each step, but for the second of the last.
    private const int Evaluations = (2 * Steps) - 1;
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(5);

    /// <summary>Of states of so many numbers, on one thread, in a child process.</summary>
    internal static double Milliseconds(int numbers)
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        Denoiser denoiser = Denoiser.FromFunction((Tensor x, Tensor t, Tensor? z) => x.alias(), Prediction.Data);
        var sampler = new Sampler(denoiser, schedule, Solver.Rex(ButcherTableau.Euler), TimeGrid.UniformLogSnr(schedule, Steps));
        Tensor start = StartNoise.Draw([1, numbers], 1);
        InterleavedRatio ratio = InterleavedRatio.Measure(Sample, Sample, Budget);
        return ratio.Work.TotalMilliseconds / Evaluations;

        void Sample()
        {
            using DisposeScope each = NewDisposeScope();
            sampler.Sample(start);
        }
    }
}
