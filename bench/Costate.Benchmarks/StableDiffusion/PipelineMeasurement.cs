using System.Diagnostics;
using Costate.Benchmarks.Memory;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.StableDiffusion;

/// <summary>Peaks of everything resident, and seconds, of a child process that loads full-size Stable Diffusion and uses it.</summary>
internal static class PipelineMeasurement
{
    private const int Steps = 2;

    /// <summary>A guided sample of two steps, decoded.</summary>
    internal static double[] SamplePeak(string folder, int pixels) => Measured(folder, tile: 0, pipeline =>
    {
        using IDisposable noGraph = no_grad();
        Sampler sampler = pipeline.Sampler(Steps);
        return pipeline.Decode(sampler.Sample(pipeline.DrawStart(1, pixels, pixels), pipeline.Condition("a horse")));
    });

    /// <summary>The gradient of a loss on the decoded picture, through two guided steps, with blocks computed again.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="pixels">Sides of the picture.</param>
    /// <param name="tile">Sides of the decoder's tiles; 0 for none.</param>
    internal static double[] GradientPeak(string folder, int pixels, int tile) => Measured(folder, tile, pipeline =>
    {
        Sampler sampler = pipeline.Sampler(Steps);
        SampleGradient gradient = sampler.Gradient(
            pipeline.DrawStart(1, pixels, pixels), pipeline.Condition("a horse"), x => pipeline.Decode(x).square().sum([1, 2, 3]));
        return gradient.StartNoise;
    });

    /// <summary>The largest difference of a latent to what comes back of its inversion by Rex, guided.</summary>
    internal static double RoundTrip(string folder, int bits, int pixels)
    {
        set_num_threads(2);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        ScalarType dtype = bits == 16 ? ScalarType.BFloat16 : ScalarType.Float32;
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder, dtype);
        Sampler exact = pipeline.Sampler(Steps, guidanceScale: 2, solver: Solver.Rex(ButcherTableau.Euler));
        Condition horse = pipeline.Condition("a horse");
        Tensor latent = pipeline.DrawStart(1, pixels, pixels);
        using NoiseState noise = exact.Invert(latent, horse);
        return (exact.Sample(noise, horse) - latent).abs().max().item<float>();
    }

    /// <summary>
    /// Of a pipeline of fewer channels: by how much a sample and a gradient raise the peak above what was resident before, and what
    /// costate model tells.
    /// </summary>
    internal static double[] GrowthBesideEstimate(int narrower, int pixels)
    {
        set_num_threads(1);
        string folder = Directory.CreateTempSubdirectory("costate-narrow-").FullName;
        try
        {
            StableDiffusionFolder.WriteTo(folder, narrower);
            using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder);
            pipeline.GradientCheckpointing = true;
            PipelineMemory told = PipelineMemory.Of(PipelineParts.Read(folder, null, null), pixels, pixels, ScalarType.Float32);
            return [Growth(Sample), told.Sample, Growth(Gradient), told.Gradient];

            // The code comes into being at a small size.
            double Growth(Action<int> use)
            {
                use(64);
                MemoryMeasurement.Collect();
                ResidentMemory.ResetPeak();
                long before = ResidentMemory.CurrentBytes;
                use(pixels);
                return ResidentMemory.PeakBytes - before;
            }

            void Sample(int side)
            {
                using DisposeScope scope = NewDisposeScope();
                using IDisposable noGraph = no_grad();
                pipeline.Decode(pipeline.Sampler(1).Sample(pipeline.DrawStart(1, side, side), pipeline.Condition("a horse")));
            }

            void Gradient(int side)
            {
                using DisposeScope scope = NewDisposeScope();
                pipeline.Sampler(1).Gradient(
                    pipeline.DrawStart(1, side, side), pipeline.Condition("a horse"), x => pipeline.Decode(x).square().sum([1, 2, 3]));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double[] Measured(string folder, int tile, Func<DiffusionPipeline, Tensor> use)
    {
        set_num_threads(2);
        using DisposeScope scope = NewDisposeScope();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder);
        ((UNet2DConditionModel)pipeline.Network).GradientCheckpointing = true;
        pipeline.Codec.GradientCheckpointing = true;
        pipeline.Codec.TileSize = tile == 0 ? null : tile;
        var clock = Stopwatch.StartNew();
        Tensor result = use(pipeline);
        return result.isfinite().all().item<bool>()
            ? [ResidentMemory.PeakBytes, clock.Elapsed.TotalSeconds]
            : throw new InvalidOperationException("The result is not finite.");
    }
}
