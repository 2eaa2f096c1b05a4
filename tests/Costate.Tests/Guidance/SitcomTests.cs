using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// SITCOM (Alkhouri et al. 2025) by <see cref="LatentOptimisation"/>: at each step Adam moves x_t until the prediction agrees with the
/// measurement, and the prediction is diffused to the next time.
/// </summary>
public sealed class SitcomTests
{
    private const double Rate = 0.05;
    private const double NoiseLevel = 0.05;

    private readonly Mixture mixture = Mixture.Load();

    [Fact]
    public void Step_IsThePublishedOne()
    {
        using var scope = NewDisposeScope();
        Tensor x = StartNoise.Draw([3, 2], 1, ScalarType.Float64), z = mixture.ConditionTensor(3);
        Measurement seen = Seen(3);
        const double Time = 0.4;

        // Adam by hand, through the data prediction.
        Tensor moved = x.clone(), first = zeros_like(x), second = zeros_like(x);
        for (int i = 1; i <= 5; i++)
        {
            Tensor leaf = moved.detach().requires_grad_(true);
            Tensor noise = mixture.Denoiser().Call(leaf, Time, z);
            Tensor data = (leaf - (mixture.Schedule.Sigma(Time) * noise)) / mixture.Schedule.Alpha(Time);
            seen.SquaredNorm(data).sum().backward();
            first = (0.9 * first) + (0.1 * leaf.grad!);
            second = (0.999 * second) + (0.001 * leaf.grad!.square());
            moved = moved - (Rate * (first / (1 - Math.Pow(0.9, i))) / ((second / (1 - Math.Pow(0.999, i))).sqrt() + 1e-8));
        }

        var optimisation = Optimisation(Time, 5, seen);
        OptimisedLatent result = optimisation.Run(x, z);

        // The loss falls, so that the last is the best.
        Assert.All(result.BestIteration, best => Assert.Equal(5, best));
        Near.Equal(moved, result.StartNoise, 1e-9);
    }

    [Fact]
    public void Samples_AgreeWithTheMeasurement_AndWithTheModel()
    {
        using var scope = NewDisposeScope();
        const int Items = 32;
        Tensor z = mixture.ConditionTensor(Items), x = StartNoise.Draw([Items, 2], 5, ScalarType.Float64), start = x;
        Measurement seen = Seen(Items);
        double enough = Math.Pow(NoiseLevel + 0.001, 2);
        TimeGrid grid = TimeGrid.UniformLogSnr(mixture.Schedule, 15, 1, 1e-3);
        for (int i = 0; i < grid.Steps; i++)
        {
            LatentOptimisation step = Optimisation(grid.Times[i], 30, seen, enough);
            Tensor data = step.Run(x, z).Sample;
            (double alpha, double sigma) = (mixture.Schedule.Alpha(grid.Times[i + 1]), mixture.Schedule.Sigma(grid.Times[i + 1]));
            x = (alpha * data) + (sigma * StartNoise.Draw([Items, 2], (ulong)(10 + i), ScalarType.Float64));
        }

        Tensor unguided = new Sampler(mixture.Denoiser(), mixture.Schedule, Solver.Ddpm(), grid).Sample(start, z, BrownianPath.PerStep(3));
        Assert.True(seen.Norm(x).median().item<double>() < 3 * NoiseLevel);
        Assert.True(seen.Norm(unguided).median().item<double>() > 6 * NoiseLevel);
    }

    // One DDIM step to the data is the data prediction: the greedy lookahead of x_t.
    private LatentOptimisation Optimisation(double time, int iterations, Measurement seen, double? enough = null) => new(
        new Sampler(mixture.Denoiser(), mixture.Schedule, Solver.Ddim(), TimeGrid.FromTimes([time, 0])),
        seen.SquaredNorm,
        new LatentOptimisationOptions
        {
            Targets = OptimisationTargets.StartNoise,
            Optimiser = LatentOptimiser.Adam(),
            StartNoiseRate = Rate,
            Iterations = iterations,
            StopAtLoss = enough,
        });

    private Measurement Seen(int items) => new(
        LinearOperator.FromMatrix(tensor(new double[,] { { 0.6, 0.8 } })), full([items, 1], 1.3, ScalarType.Float64), NoiseLevel);
}
