using System.Diagnostics;
using Costate.Benchmarks.Memory;
using Costate.Benchmarks.Overhead;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Transformers;

/// <summary>What a middle-sized network of a family takes, measured by a child process of itself.</summary>
internal static class TransformerMeasurement
{
    private const int Steps = 2;
    private const int Threads = 2;
    private const int SmallSide = 32;

    /// <summary>
    /// A sample of two steps, and the gradient of a loss on it with blocks computed again: seconds, by how many bytes the peak rises above
    /// what was resident before, and what costate model's formula tells of that (0 without one), of each; then the peak of all, and the
    /// parameters.
    /// </summary>
    /// <param name="family">Its name.</param>
    /// <param name="blocks">How many it has.</param>
    /// <param name="side">Of the latents; of ADM's images.</param>
    internal static double[] Cost(string family, int blocks, int side)
    {
        set_num_threads(Threads);
        using DisposeScope scope = NewDisposeScope();
        using MiddleNetwork network = MiddleNetwork.Of(family, blocks);
        network.Recomputes = true;
        var sampler = new Sampler(network.Denoiser, NoiseSchedule.RectifiedFlow(), Solver.Euler(), TimeGrid.Uniform(Steps));
        (double sample, double gradient) = network.Shape is var (width, count, tokens, isBeside)
            ? PipelineMemory.OfBlocks(isBeside, width, count, ((double)side * side / 4) + tokens)
            : (0, 0);
        double[] sampled = Taken(Sample), differentiated = Taken(Gradient);
        return
        [
            .. sampled, sizeof(float) * sample, .. differentiated, sizeof(float) * gradient, ResidentMemory.PeakBytes, network.Parameters,
        ];

        // The code comes into being at a small size.
        double[] Taken(Action<int> use)
        {
            use(SmallSide);
            MemoryMeasurement.Collect();
            ResidentMemory.ResetPeak();
            long before = ResidentMemory.CurrentBytes;
            var clock = Stopwatch.StartNew();
            use(side);
            return [clock.Elapsed.TotalSeconds, ResidentMemory.PeakBytes - before];
        }

        void Sample(int of)
        {
            using DisposeScope inner = NewDisposeScope();
            using IDisposable noGraph = no_grad();
            sampler.Sample(StartNoise.Draw([1, network.Channels, of, of], 1));
        }

        void Gradient(int of)
        {
            using DisposeScope inner = NewDisposeScope();
            sampler.Gradient(
                StartNoise.Draw([1, network.Channels, of, of], 1),
                null,
                x => x.square().sum([1, 2, 3]),
                GradientMethod.Discrete(Checkpointing.States));
        }
    }

    /// <summary>A call beside its bare products and attentions.</summary>
    /// <param name="family">Its name; not ADM's.</param>
    /// <param name="blocks">How many it has.</param>
    /// <param name="side">Of the latents.</param>
    /// <param name="turns">How often each is timed.</param>
    internal static InterleavedRatio Call(string family, int blocks, int side, int turns)
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        using MiddleNetwork network = MiddleNetwork.Of(family, blocks);
        (Tensor x, Tensor t) = (StartNoise.Draw([1, network.Channels, side, side], 1), full([1], 500f));
        using var products = new BareTransformer(network.Module, Called, network.Heads);
        return InterleavedRatio.MeasureTurns(Called, products.Run, turns);

        void Called()
        {
            using DisposeScope inner = NewDisposeScope();
            using IDisposable noGraph = no_grad();
            network.Call(x, t);
        }
    }
}
