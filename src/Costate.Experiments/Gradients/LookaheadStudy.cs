using Costate.Experiments.Mixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Gradients;

/// <summary>
/// How near the gradient of an n-step lookahead is to the ideal one, that of the loss of the sample with respect to the state on the way.
/// </summary>
internal static class LookaheadStudy
{
    internal const int Items = 64;

    // Of the solver of order 5 that stands for the exact flow.
    private const int IdealSteps = 40;

    internal static IReadOnlyList<int> Steps { get; } = [1, 2, 4, 8, 16];

    internal static IReadOnlyList<double> Times { get; } = [0.9, 0.7, 0.5, 0.35, 0.2, 0.1, 0.05];

    /// <summary>Every lookahead at every time.</summary>
    internal static IReadOnlyList<LookaheadPoint> Run(CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using var problem = new MixtureProblem();
        Tensor condition = problem.Condition.expand(Items, -1).contiguous();
        Tensor start = StartNoise.Draw([Items, 2], 7, ScalarType.Float64);
        List<LookaheadPoint> points = [];
        foreach (double time in Times)
        {
            Tensor x = Exact(MixtureProblem.GridStart, time).Sample(start, condition, cancellationToken: cancellationToken);
            Tensor ideal = Gradient(Exact(time, MixtureProblem.GridEnd));
            foreach (int steps in Steps)
            {
                Tensor found = Gradient(new Sampler(
                    problem.Denoiser,
                    problem.Schedule,
                    Solver.Ddim(),
                    TimeGrid.UniformLogSnr(problem.Schedule, steps, time, MixtureProblem.GridEnd)));
                points.Add(new LookaheadPoint(
                    steps,
                    time,
                    ((found - ideal).norm() / ideal.norm()).item<double>(),
                    nn.functional.cosine_similarity(found, ideal, 1, 1e-12).mean().item<double>()));
            }

            Tensor Gradient(Sampler sampler) =>
                sampler.Gradient(x, condition, problem.Loss, cancellationToken: cancellationToken).StartNoise;
        }

        return points;

        Sampler Exact(double from, double to) => new(
            problem.Denoiser,
            problem.Schedule,
            Solver.ExponentialRungeKutta(ButcherTableau.DormandPrince),
            TimeGrid.UniformLogSnr(problem.Schedule, IdealSteps, from, to));
    }
}
