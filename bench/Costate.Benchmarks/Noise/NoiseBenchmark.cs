using Costate.Benchmarks.Overhead;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Noise;

/// <summary>What random numbers cost, in processor time of one thread.</summary>
internal static class NoiseBenchmark
{
    private const int Numbers = 196_608;
    private const int TreeNumbers = 4096;
    private const int Steps = 10;

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(3);

    internal static IEnumerable<Figure> Run() => MeasurementProcess.KeepingFreedMemory.Run<Figure[]>(nameof(NoiseBenchmark));

    /// <summary>In a child process.</summary>
    internal static Figure[] Measure()
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var sampler = new Sampler(
            Denoiser.FromFunction((Tensor x, Tensor t, Tensor? z) => x * 0.5, Prediction.Noise),
            schedule,
            Solver.Rex(ButcherTableau.Shark),
            TimeGrid.UniformLogSnr(schedule, Steps));
        Tensor start = StartNoise.Draw([1, TreeNumbers], 1);
        GradientMethod reversible = GradientMethod.Reversible();
        return
        [
            new(
                "Noise of a step, ns a number",
                Seconds(() => StartNoise.Draw([1, Numbers], 2).Dispose()) / Numbers * 1e9,
                8,
                $"{Numbers} numbers in 32 bits"),
            new(
                "Rex(ShARK) on a tree, s a sample",
                Seconds(() => sampler.Sample(start, noise: BrownianPath.Tree(3)).Dispose()),
                0.25,
                $"{TreeNumbers} numbers, {Steps} steps, a network of one product"),
            new(
                "Rex(ShARK) on a tree, s a gradient",
                Seconds(() => sampler.Gradient(start, null, x => x.square().sum([1]), reversible, BrownianPath.Tree(3)).Dispose()),
                0.7,
                "the same"),
        ];
    }

    private static double Seconds(Action work) => InterleavedRatio.Measure(work, work, Budget).Work.TotalSeconds;
}
