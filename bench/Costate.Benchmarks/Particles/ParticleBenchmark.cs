using System.Globalization;
using Costate.Benchmarks.Memory;
using Costate.Benchmarks.Overhead;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Particles;

/// <summary>
/// What particles add to the network calls and vector-Jacobian products that they make, and what they keep.
/// </summary>
/// <remarks>Of two numbers each, so that whatever is done for a particle and not for its numbers weighs heavily.</remarks>
internal static class ParticleBenchmark
{
    private const int Particles = 1000;
    private const int Steps = 100;
    private const int Width = 128;
    private const int Many = 100_000;
    private const int AtOnce = 4096;
    private const double Target = 1.2;

    // Twice as many particles; the rest is what does not grow with them.
    private const double MemoryTarget = 2.1;

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(10);

    internal static IEnumerable<Figure> Run()
    {
        foreach (Figure figure in MeasurementProcess.KeepingFreedMemory.Run<Figure[]>(nameof(ParticleBenchmark)))
        {
            yield return figure;
        }

        double[] grown =
        [
            .. from count in (int[])[Many, 2 * Many]
               select MeasurementProcess.ReturningFreedMemory.Run<double>(nameof(ParticleGrowth), count),
        ];
        yield return new Figure(
            "Memory of twice as many particles / memory",
            grown[1] / grown[0],
            MemoryTarget,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{grown[0] / Many:F0} bytes a particle of 2 numbers in 32 bits; {Many} and {2 * Many} particles, {AtOnce} in one call"));
    }

    /// <summary>In a child process: the figures of time.</summary>
    internal static Figure[] Measure()
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        using nn.Module<Tensor, Tensor> layers = Network();
        ParticleSampler sampler = Sampler(layers);
        Tensor start = ParticleSampler.DrawStart([1, Particles, 2], 1), x = start[0], point = full([Particles, 1], 0.5f);
        Measurement seen = Seen(start.dtype);
        return
        [
            Compare("Twisted particles / bare calls and products", ParticleTarget.Posterior(seen, DataCovariance.Isotropic()), () =>
            {
                using DisposeScope inner = NewDisposeScope();
                Tensor leaf = x.detach().requires_grad_(true), output = layers.call(cat([leaf, point], 1));
                autograd.backward([output], [x], inputs: [leaf]);
                leaf.grad!.Dispose();
            }),
            Compare("Particles steered by a reward / bare calls", ParticleTarget.Reward(data => -data.square().sum([1L])), () =>
            {
                using DisposeScope inner = NewDisposeScope();
                using IDisposable noGraph = no_grad();
                layers.call(cat([x, point], 1));
            }),
        ];

        Figure Compare(string name, ParticleTarget target, Action call)
        {
            InterleavedRatio ratio = InterleavedRatio.Measure(
                () => sampler.Sample(start, null, target, seed: 2).Dispose(),
                () =>
                {
                    for (int step = 0; step < Steps; step++)
                    {
                        call();
                    }
                },
                Budget);
            return new Figure(name, ratio.Value, Target, string.Create(
                CultureInfo.InvariantCulture,
                    $"{ratio.Work.TotalMilliseconds:F0} ms / {ratio.Reference.TotalMilliseconds:F0} ms, "
                        + $"{Particles} particles of 2 numbers, {Steps} steps, "
                        + $"{(ratio.Work - ratio.Reference).TotalMicroseconds / Steps:F0} us a step added; "
                        + $"ratio of the medians {ratio.OfMedians:F2}"));
        }
    }

    /// <summary>In a child process: bytes by which the process grows while it draws so many particles.</summary>
    internal static double ParticleGrowth(int particles)
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        using nn.Module<Tensor, Tensor> layers = Network();
        var options = new ParticleOptions { AtOnce = AtOnce };
        var sampler = new ParticleSampler(Denoised(layers), Schedule, TimeGrid.UniformLogSnr(Schedule, 3), options);
        ParticleTarget target = ParticleTarget.Posterior(Seen(ScalarType.Float32), DataCovariance.Isotropic());
        sampler.Sample(ParticleSampler.DrawStart([1, AtOnce, 2], 1), null, target).Dispose();
        GC.Collect();
        ResidentMemory.ResetPeak();
        long before = ResidentMemory.CurrentBytes;
        sampler.Sample(ParticleSampler.DrawStart([1, particles, 2], 1), null, target).Dispose();
        return ResidentMemory.PeakBytes - before;
    }

    private static NoiseSchedule Schedule { get; } = NoiseSchedule.VpLinear();

    private static ParticleSampler Sampler(nn.Module<Tensor, Tensor> layers) =>
        new(Denoised(layers), Schedule, TimeGrid.UniformLogSnr(Schedule, Steps));

    private static Denoiser Denoised(nn.Module<Tensor, Tensor> layers) => Denoiser.FromFunction(
        (Tensor x, Tensor t, Tensor? z) => layers.call(cat([x, t.expand(x.shape[0]).unsqueeze(1)], 1)), Prediction.Data);

    private static Measurement Seen(ScalarType dtype) =>
        new(LinearOperator.FromMatrix(tensor(new double[,] { { 0.6, 0.8 } })), zeros([1, 1], dtype), 0.1);

    // Small for a denoiser of anything.
    private static nn.Module<Tensor, Tensor> Network()
    {
        nn.Module<Tensor, Tensor> layers = nn.Sequential(
            ("in", nn.Linear(3, Width)), ("a", nn.SiLU()), ("b", nn.Linear(Width, Width)), ("c", nn.SiLU()),
            ("d", nn.Linear(Width, Width)), ("e", nn.SiLU()), ("out", nn.Linear(Width, 2)));
        foreach (TorchSharp.Modules.Parameter parameter in layers.parameters())
        {
            parameter.requires_grad_(false);
        }

        return layers;
    }
}
