using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Memory;

/// <summary>
/// Gradients through an elementwise network, which itself keeps next to nothing: what grows is what the gradient method keeps.
/// </summary>
internal sealed class GradientProblem : IDisposable
{
    private readonly Sampler sampler;

    internal GradientProblem(int steps, long size)
    {
        Start = StartNoise.Draw([1, 4, size, size], 1);
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        sampler = new Sampler(
            Denoiser.FromFunction((x, t, z) => x.tanh(), Prediction.Noise),
            schedule,
            Solver.DpmSolverPlusPlus(2),
            TimeGrid.UniformLogSnr(schedule, steps));
    }

    internal Tensor Start { get; }

    internal long StateBytes => Start.numel() * Start.element_size();

    /// <summary>One gradient, at once disposed.</summary>
    internal void Run(Checkpointing checkpointing)
    {
        using DisposeScope scope = NewDisposeScope();
        sampler.Gradient(Start, null, x => x.square().sum([1, 2, 3]), GradientMethod.Discrete(checkpointing));
    }

    public void Dispose() => Start.Dispose();
}
