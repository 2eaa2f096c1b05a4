using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// Strong orders: the error against a much finer run on the same path, item by item, and the median of the items' slopes over two
/// halvings of the step. Data and noise prediction have each their clock, and so their path; all solvers on a clock have one limit.
/// </summary>
[LongProof]
public sealed class StrongOrderTests
{
    private const int Items = 48;
    private readonly Mixture mixture = Mixture.Load();

    [Fact]
    public void DataPrediction_WithIncrements_IsOfOrderOne()
    {
        using var scope = NewDisposeScope();
        Tensor exact = Run(Solver.ExponentialRungeKutta(ButcherTableau.Shark), 2048, 0.9, 0.01);
        foreach (Solver solver in new[]
        {
            Solver.ExponentialRungeKutta(ButcherTableau.EulerMaruyama),
            Solver.Rex(ButcherTableau.EulerMaruyama),
            Solver.SdeDpmSolverPlusPlus(1),
            Solver.SdeDpmSolverPlusPlus(2),
            Solver.SdeDpmSolverPlusPlus(2, SolverType.Heun),
            Solver.Ddpm(),
            Solver.Ddpm(largeVariance: true),
        })
        {
            AssertOrder(1, solver, exact, 128, 0.9, 0.01);
        }
    }

    // The copies' difference d = w - y goes d' = zeta (1 - h F') d + noise of size h F' sqrt(h). In noise prediction the clock falls, h F'
    // is -2 sigma^2 (e^h - 1) with h in the half log-SNR, and d grows unless zeta (1 + 2 (e^h - 1))
    // < 1; in data prediction it is damped. The data are a unit Gaussian, so that samples must have variance 1: where the difference stays small, they do.
    [Theory]
    [InlineData(Prediction.Noise, 0.6, true)]
    [InlineData(Prediction.Noise, 0.8, false)]
    [InlineData(Prediction.Noise, 0.999, false)]
    [InlineData(Prediction.Data, 0.8, true)]
    [InlineData(Prediction.Data, 0.999, true)]
    public void TheCopies_StayTogether_BelowTheGrowthOfTheirDifference(Prediction prediction, double coupling, bool stays)
    {
        using var scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        TimeGrid grid = TimeGrid.UniformLogSnr(schedule, 64, 1, 1e-3);
        var denoiser = Denoiser.FromFunction((x, t, _) => x * schedule.Sigma(t[0].item<double>()), Prediction.Noise);
        var sampler = new Sampler(denoiser, schedule, Solver.Rex(ButcherTableau.EulerMaruyama, coupling, prediction), grid);
        double variance = sampler
            .Sample(StartNoise.Draw([2000, 1], 1, ScalarType.Float64), noise: BrownianPath.PerStep(2))
            .var()
            .item<double>();

        double h = (schedule.HalfLogSnr(grid.End) - schedule.HalfLogSnr(grid.Start)) / grid.Steps;
        Assert.Equal(stays, prediction == Prediction.Data || coupling * (1 + (2 * double.Exp(h)) - 2) < 1);

        // Of 2000 draws the variance has a deviation of 0.03; the scheme's own error is as large.
        Assert.True(stays ? Math.Abs(variance - 1) < 0.15 : variance > 1e3, $"{variance:E2}");
    }

    [Fact]
    public void NoisePrediction_WithIncrements_IsOfOrderOne()
    {
        using var scope = NewDisposeScope();
        Tensor exact = Run(Solver.SdeDpmSolver(1), 4096, 0.9, 0.01);
        foreach ((Solver solver, int steps) in new[]
        {
            (Solver.ExponentialRungeKutta(ButcherTableau.EulerMaruyama, Prediction.Noise), 64),
            (Solver.SdeDpmSolver(1), 64),
            (Solver.SdeDpmSolver(2), 64),

            // What parts the two copies grows as (sigma/alpha)^2 falls, until steps in the half log-SNR are shorter than half of 1 -
            // coupling.
            (Solver.Rex(ButcherTableau.EulerMaruyama, 0.8, Prediction.Noise), 256),
        })
        {
            AssertOrder(1, solver, exact, steps, 0.9, 0.01);
        }
    }

    [Fact]
    public void Shark_IsOfOrderThreeHalves()
    {
        // Where the noise is weak, the scheme converges with the order 2 of its drift for long: the middle of the run shows its strong
        // order.
        using var scope = NewDisposeScope();
        Tensor exact = Run(Solver.ExponentialRungeKutta(ButcherTableau.Shark), 2048, 0.6, 0.1);
        AssertOrder(1.5, Solver.ExponentialRungeKutta(ButcherTableau.Shark), exact, 128, 0.6, 0.1);
        AssertOrder(1.5, Solver.Rex(ButcherTableau.Shark), exact, 128, 0.6, 0.1);

        // Negative control: with the areas' sign turned, it is of order 1.
        AssertOrder(1, Solver.ExponentialRungeKutta(ButcherTableau.Shark), exact, 128, 0.6, 0.1, turnsAreas: true);
    }

    private void AssertOrder(double order, Solver solver, Tensor exact, int steps, double start, double end, bool turnsAreas = false)
    {
        double[] coarse = Errors(steps);
        double[] fine = Errors(4 * steps);
        double[] slopes = [.. coarse.Zip(fine, (c, f) => Math.Log2(c / f) / 2).Order()];
        double median = (slopes[(Items / 2) - 1] + slopes[Items / 2]) / 2;
        Assert.True(Math.Abs(median - order) <= 0.2, $"{solver.Name}: {median:F2}, expected {order}");

        double[] Errors(int n) => [.. (Run(solver, n, start, end, turnsAreas) - exact).norm(1).data<double>()];
    }

    private Tensor Run(Solver solver, int steps, double start, double end, bool turnsAreas = false)
    {
        var sampler = new Sampler(
            mixture.Denoiser(),
            mixture.Schedule,
            solver,
            TimeGrid.UniformLogSnr(mixture.Schedule, steps, start, end));
        Tensor noise = StartNoise.Draw([Items, 2], 1, ScalarType.Float64);
        BrownianPath path = BrownianPath.Tree(3);
        if (turnsAreas)
        {
            path = BrownianPath.Recorded(
                stack(
                    sampler.Table.NoiseIntervals.Select((interval, i) => path.Normal(i, interval, noise) * (interval.IsLevyArea ? -1 : 1)))
            );
        }

        return sampler.Sample(noise, mixture.ConditionTensor(Items), path);
    }
}
