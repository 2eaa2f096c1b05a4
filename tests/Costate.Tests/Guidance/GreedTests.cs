using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>The statements of "Greed is Good" (Blasingame and Liu 2025) about the gradient of a prediction, on the mixture.</summary>
public sealed class GreedTests
{
    // Several, so that no leading coefficient happens to cancel.
    private const int Items = 8;
    private const double Start = 0.35;

    private readonly Mixture mixture = Mixture.Load();

    // Theorem 4: the gradient through a predictor of order k errs by h^(k+1), as its prediction does.
    [Theory]
    [InlineData("euler", 1)]
    [InlineData("midpoint", 2)]
    [InlineData("rk4", 4)]
    [InlineData("dopri5", 5)]
    public void Gradient_ErrsByThePowerOfItsOrder(string tableau, int order)
    {
        using var scope = NewDisposeScope();
        Solver solver = Solver.ExponentialRungeKutta(ButcherTableau.All.First(each => each.Name == tableau));
        double slope = Math.Log2(Error(0.2) / Error(0.1));
        Assert.InRange(slope, order + 1 - 0.4, order + 1 + 0.4);

        double Error(double stretch)
        {
            double end = End(stretch);
            Tensor x = StateAt(Start), ideal = Gradient(Exact(Start, end), x);
            return (Gradient(Predictor(solver, end), x) - ideal).norm().item<double>();
        }
    }

    // Proposition 2: along a greedy step the loss of the sample changes by the product of both gradients, and so falls exactly where they
    // agree. Where the flow still has far to go they need not.
    [Fact]
    public void GreedyStep_LowersTheLossOfTheSample_WhereTheGradientsAgree()
    {
        using var scope = NewDisposeScope();
        const double Step = 1e-6;
        double[] falling = [.. ((double[])[0.8, 0.3]).Select(Falling)];
        Assert.True(falling[0] < 1, "a greedy step far from the data raises the loss of some samples");
        Assert.True(falling[1] >= falling[0], "and of fewer near the data");

        double Falling(double time)
        {
            Tensor x = StateAt(time, 64), condition = mixture.ConditionTensor(64);
            Sampler exact = Exact(time, mixture.GridEnd), greedy = Lookahead.Greedy.At(
                mixture.Denoiser(), mixture.Schedule, TimeGrid.FromTimes([time, mixture.GridEnd]), 0);
            Tensor ideal = exact.Gradient(x, condition, mixture.Loss).StartNoise;
            Tensor direction = -greedy.Gradient(x, condition, mixture.Loss).StartNoise;
            Tensor Loss(double along) => mixture.Loss(exact.Sample(x + (along * direction), condition));
            Tensor change = (Loss(Step) - Loss(-Step)) / (2 * Step), product = (ideal * direction).sum([1L]);

            // The difference quotient's own error.
            Assert.True((change - product).abs().max().item<double>() < 1e-5 * (1 + product.abs().max().item<double>()));
            return product.lt(0).to(ScalarType.Float64).mean().item<double>();
        }
    }

    // Theorem 3 and corollary 4.1: where the prediction has come to what is wanted, the sample is within h^(k+1) of it.
    [Theory]
    [InlineData("euler", 1)]
    [InlineData("midpoint", 2)]
    public void ConvergedPrediction_LeavesTheSampleNear(string tableau, int order)
    {
        using var scope = NewDisposeScope();
        Solver solver = Solver.ExponentialRungeKutta(ButcherTableau.All.First(each => each.Name == tableau));
        double slope = Math.Log2(Left(0.4) / Left(0.2));
        Assert.InRange(slope, order + 1 - 0.4, order + 1 + 0.4);

        double Left(double stretch)
        {
            double end = End(stretch);
            Sampler predictor = Predictor(solver, end), exact = Exact(Start, end);
            Tensor x = StateAt(Start), condition = mixture.ConditionTensor(Items);
            Tensor wanted = exact.Sample(x, condition) + 0.05;
            for (int i = 0; i < 40; i++)
            {
                x = x + (0.7 * (wanted - predictor.Sample(x, condition)));
            }

            Assert.True((wanted - predictor.Sample(x, condition)).abs().max().item<double>() < 1e-8, "the prediction has converged");
            return (wanted - exact.Sample(x, condition)).norm().item<double>();
        }
    }

    private Tensor Gradient(Sampler sampler, Tensor x) =>
        sampler.Gradient(x, mixture.ConditionTensor(Items), mixture.Loss).StartNoise;

    private Sampler Predictor(Solver solver, double end) =>
        Lookahead.With(solver, 1, end).At(mixture.Denoiser(), mixture.Schedule, TimeGrid.FromTimes([Start, end]), 0);

    private double End(double stretch) => mixture.Schedule.TimeAtHalfLogSnr(mixture.Schedule.HalfLogSnr(Start) + Math.Log(1 + stretch));

    private Tensor StateAt(double time, int items = Items) =>
        Exact(1, time).Sample(StartNoise.Draw([items, 2], 11, ScalarType.Float64), mixture.ConditionTensor(items));

    private Sampler Exact(double from, double to) => new(
        mixture.Denoiser(),
        mixture.Schedule,
        Solver.ExponentialRungeKutta(ButcherTableau.DormandPrince),
        TimeGrid.UniformLogSnr(mixture.Schedule, 40, from, to));
}
