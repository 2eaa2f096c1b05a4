using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Overhead;

/// <summary>
/// What guidance adds to the network calls, vector-Jacobian products and evaluations of the loss that it makes, over 50 steps.
/// </summary>
internal static class GuidanceBenchmark
{
    private const int Steps = 50;
    // 0.6 Gflop a call and image, as much as the embedded U-Net.
    private const int HiddenLayers = 8;
    private const double Target = 1.05;

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(15);

    internal static IEnumerable<Figure> Run() =>
        ((int[])[1, 8]).SelectMany(batch => MeasurementProcess.KeepingFreedMemory.Run<Figure[]>(nameof(GuidanceBenchmark), batch));

    /// <summary>In a child process: the figures of one batch size.</summary>
    internal static Figure[] Measure(int batch)
    {
        // Threads that wait for each other measure the scheduler.
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        using var network = new ConvolutionalNetwork(HiddenLayers);
        Tensor start = StartNoise.Draw([batch, ConvolutionalNetwork.Channels, ConvolutionalNetwork.Size, ConvolutionalNetwork.Size], 1);
        Measurement seen = Measurement.Observe(LinearOperator.AveragePooling(4), start);
        var bare = new BareCalls(network, start, full([batch], 0.5f));
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        Denoiser denoiser = Denoiser.FromModule(network, Prediction.Noise);

        // Weak, so that nothing diverges on a network that was never trained.
        GuidedSampler Sampler(GuidanceOptions options) => new(denoiser, schedule, TimeGrid.UniformLogSnr(schedule, Steps), options);
        GuidedSampler state = Sampler(new() { StateStrength = 1e-6 });
        GuidedSampler noisy = Sampler(GuidancePreset.Dps(1e-6));
        GuidedSampler data = Sampler(new() { DataStrength = 1e-6 });

        Figure Compare(string name, GuidedSampler sampler, Action reference)
        {
            InterleavedRatio ratio = InterleavedRatio.Measure(() => sampler.Sample(start, null, seen.Norm).Dispose(), reference, Budget);
            return new($"{name}, batch {batch}", ratio.Value, Target, string.Create(
                CultureInfo.InvariantCulture,
                    $"{ratio.Work.TotalMilliseconds:F1} ms / {ratio.Reference.TotalMilliseconds:F1} ms, "
                        + $"{(ratio.Work - ratio.Reference).TotalMicroseconds / Steps:F0} us a step added; "
                        + $"ratio of the medians {ratio.OfMedians:F3}"));
        }

        // In the order of a run: step by step, so that both find the caches in the same state.
        void StepByStep(Action<int> call)
        {
            for (int k = 0; k < Steps; k++)
            {
                call(1);
                bare.EvaluateLoss(seen.Norm, 1);
            }
        }

        return
        [
            Compare("Guidance of the state / bare calls, VJPs and losses", state, () => StepByStep(bare.EvaluateAndPullBack)),
            Compare("DPS, which draws noise / the same", noisy, () => StepByStep(bare.EvaluateAndPullBack)),
            Compare("Guidance of the data / bare calls and losses", data, () => StepByStep(bare.Evaluate)),
        ];
    }
}
