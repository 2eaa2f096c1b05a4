using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Overhead;

/// <summary>What the library adds to the network calls that a run of 50 steps makes.</summary>
internal static class OverheadBenchmark
{
    private const int Steps = 50;
    // 0.3 Gflop a call and image: what is added, 20 to 50 microseconds a step, depends on the processor and not on the network.
    private const int HiddenLayers = 4;
    private const double SampleTarget = 1.02;
    private const double GradientTarget = 1.03;

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(15);

    internal static IEnumerable<Figure> Run() =>
        ((int[])[1, 8]).SelectMany(batch => MeasurementProcess.KeepingFreedMemory.Run<Figure[]>(nameof(Measure), batch));

    /// <summary>In a child process: the figures of one batch size.</summary>
    internal static Figure[] Measure(int batch)
    {
        // Threads that wait for each other measure the scheduler.
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        using var network = new ConvolutionalNetwork(HiddenLayers);
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var sampler = new Sampler(
            Denoiser.FromModule(network, Prediction.Noise), schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(schedule, Steps));
        Tensor start = StartNoise.Draw([batch, ConvolutionalNetwork.Channels, ConvolutionalNetwork.Size, ConvolutionalNetwork.Size], 1);
        Tensor time = full([batch], 0.5f);
        var bare = new BareCalls(network, start, time);
        int evaluations = sampler.Table.EvaluatedRows.Count;

        Figure sample = Compare(
            $"Sample / bare calls, batch {batch}",
            SampleTarget,
            network,
            () => sampler.Sample(start).Dispose(),
            () => bare.Evaluate(evaluations));
        Figure gradient = Compare(
            $"Gradient / bare calls with graphs and VJPs, batch {batch}",
            GradientTarget,
            network,
            () => sampler.Gradient(start, null, x => x.square().sum([1, 2, 3])).Dispose(),
            () => bare.EvaluateAllAndPullBack(evaluations));
        return [sample, gradient];
    }

    private static Figure Compare(string name, double target, ConvolutionalNetwork network, Action work, Action reference)
    {
        InterleavedRatio ratio = InterleavedRatio.Measure(work, reference, Budget);
        return new(name, ratio.Value, target, string.Create(
            CultureInfo.InvariantCulture,
                $"{ratio.Work.TotalMilliseconds:F1} ms / {ratio.Reference.TotalMilliseconds:F1} ms, "
                    + $"{(ratio.Work - ratio.Reference).TotalMicroseconds / Steps:F0} us a step added; "
                    + $"{network.Megaflops:F0} Mflop a call and image; ratio of the medians {ratio.OfMedians:F3}"));
    }
}
