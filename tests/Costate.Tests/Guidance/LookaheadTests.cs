using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class LookaheadTests
{
    private readonly Mixture mixture = Mixture.Load();

    /// <summary>Predictors of one step with their orders.</summary>
    public static TheoryData<string, int> Predictors => new()
    {
        { "euler", 1 },
        { "midpoint", 2 },
        { "ralston", 2 },
        { "bogacki-shampine", 3 },
        { "rk4", 4 },
        { "dopri5", 5 },
        { "ddim", 1 },
        { "dpm++2s", 2 },
        { "dpm++3s", 3 },
    };

    [Theory]
    [MemberData(nameof(Predictors))]
    public void Prediction_ErrsByThePowerOfItsOrder(string name, int order)
    {
        using var scope = NewDisposeScope();
        Solver solver = ButcherTableau.All.FirstOrDefault(t => t.Name == name) is ButcherTableau tableau
            ? Solver.ExponentialRungeKutta(tableau)
            : Solvers.Named(name);

        // A local error of order k + 1, over a halving of the stretch of clock.
        double slope = Math.Log2(Error(solver, 0.2) / Error(solver, 0.1));
        Assert.InRange(slope, order + 1 - 0.25, order + 1 + 0.25);
    }

    [Fact]
    public void Euler_ErrsLikeTheSquareOfTheStep() => Assert.InRange(Slope(end => Lookahead.With(Solver.Ddim(), 1, end)), 1.75, 2.25);

    [Fact]
    public void Midpoint_ErrsLikeTheCubeOfTheStep() =>
        Assert.InRange(Slope(end => Lookahead.With(Solver.ExponentialRungeKutta(ButcherTableau.Midpoint), 1, end)), 2.75, 3.25);

    [Fact]
    public void MoreSteps_PredictTheSampleBetter()
    {
        using var scope = NewDisposeScope();
        TimeGrid grid = TimeGrid.UniformLogSnr(mixture.Schedule, 32, 1, 1e-3);
        Tensor x = StateAt(grid.Times[12]);
        Tensor exact = Exact(x, grid.Times[12], 1e-3);
        double Off(Lookahead lookahead) =>
            (Sampler(lookahead, grid, 12).Sample(x, mixture.ConditionTensor(Items)) - exact).norm().item<double>();
        double[] euler = [.. new[] { 1, 2, 4, 8 }.Select(n => Off(Lookahead.Euler(n)))];
        Assert.Equal(euler.OrderDescending(), euler);
        Assert.True(Off(Lookahead.Midpoint(4)) < euler[3], "four midpoint steps cost what eight Euler steps do");
        Assert.True(Off(Lookahead.EndToEnd()) < euler[3]);
        Assert.Equal(20, Sampler(Lookahead.EndToEnd(), grid, 12).Grid.Steps);
        Assert.Equal(grid.Times.Skip(12), Sampler(Lookahead.EndToEnd(), grid, 12).Grid.Times);
        Assert.Equal(1, Sampler(Lookahead.Euler(8), grid, 31).Grid.Steps);
    }

    [Fact]
    public void Greedy_IsThePosteriorMeanAndItsGradient()
    {
        using var scope = NewDisposeScope();
        TimeGrid grid = TimeGrid.UniformLogSnr(mixture.Schedule, 10, 1, 1e-3);
        Tensor x = StateAt(grid.Times[6]);
        SampleGradient greedy = Sampler(Lookahead.Greedy, grid, 6)
            .Gradient(x, mixture.ConditionTensor(Items), mixture.Loss, GradientMethod.Unrolled());
        Assert.Equal(1, greedy.Cost.NetworkEvaluations);
        Assert.Equal(1, greedy.Cost.VectorJacobianProducts);
        Tensor leaf = x.clone().requires_grad_(true);
        Tensor mean = PosteriorMean(leaf, grid.Times[6]);
        mixture.Loss(mean).sum().backward();
        Near.Equal(mean.detach(), greedy.Sample, 1e-14);
        Near.Equal(leaf.grad!, greedy.StartNoise, 1e-13);
    }

    /// <summary>
    /// "Greed is Good": on the clock g = alpha/sigma the flow of Y = x/sigma is dY/dg = x0(x), and its adjoint da/dg = -sigma J' a with
    /// J the Jacobian of x0. The greedy gradient is explicit Euler for the former, differentiated, and for the latter one step back
    /// that takes the field at the end it goes to.
    /// </summary>
    [Theory]
    [InlineData(1e-3)]
    [InlineData(0.2)]
    public void Greedy_IsOneEulerStepEitherWay(double end)
    {
        using var scope = NewDisposeScope();
        const double t = 0.5;
        Tensor x = StateAt(t);
        (double sigma, double sigmaEnd) = (mixture.Schedule.Sigma(t), mixture.Schedule.Sigma(end));
        double h = Clock(end) - Clock(t);

        // Discretise, then optimise: autograd through one explicit Euler step of Y.
        Tensor leaf = x.clone().requires_grad_(true);
        Tensor predicted = ((leaf / sigma) + (h * PosteriorMean(leaf, t))) * sigmaEnd;
        mixture.Loss(predicted).sum().backward();

        // Optimise, then discretise: from a = dL/dY at the end, one step of the adjoint back, its field at (t, x_t).
        (_, Tensor atEnd) = LossFunction.Evaluate(mixture.Loss, predicted.detach());
        Tensor a = atEnd * sigmaEnd;
        using VectorJacobianProduct field = VectorJacobianProduct.Begin((point, _) => PosteriorMean(point, t), x, null);
        Tensor adjoint = (a + (h * sigma * field.Pull(a))) / sigma;

        TimeGrid grid = TimeGrid.FromTimes([t, end]);
        SampleGradient greedy = Sampler(Lookahead.With(Solver.ExponentialRungeKutta(ButcherTableau.Euler), 1, end), grid, 0)
            .Gradient(x, mixture.ConditionTensor(Items), mixture.Loss);
        Near.Equal(predicted.detach(), greedy.Sample, 1e-13);
        Near.Equal(leaf.grad!, greedy.StartNoise, 1e-12);
        Near.Equal(adjoint, greedy.StartNoise, 1e-12);

        // A step that takes the field where it comes from, as an explicit one would, is another gradient.
        using VectorJacobianProduct other = VectorJacobianProduct.Begin((point, _) => PosteriorMean(point, end), predicted.detach(), null);
        Tensor atData = (a + (h * sigmaEnd * other.Pull(a))) / sigma;
        Assert.True(Near.Relative(greedy.StartNoise, atData) > 1e-3);
    }

    [Fact]
    public void Greedy_TendsToThePosteriorMeanAtTheData()
    {
        using var scope = NewDisposeScope();
        Tensor x = StateAt(0.5);
        SampleGradient near = Sampler(Lookahead.With(Solver.Ddim(), 1, 1e-9), TimeGrid.FromTimes([0.5, 0]), 0)
            .Gradient(x, mixture.ConditionTensor(Items), mixture.Loss);
        SampleGradient greedy = Sampler(Lookahead.Greedy, TimeGrid.FromTimes([0.5, 0]), 0)
            .Gradient(x, mixture.ConditionTensor(Items), mixture.Loss);

        // sigma is 1e-5 there.
        Assert.InRange(Near.Relative(greedy.StartNoise, near.StartNoise), 0, 1e-4);
    }

    [Fact]
    public void BadInput_SaysWhatToDo()
    {
        Assert.Contains(
            "at least one",
            Assert.Throws<ArgumentOutOfRangeException>(() => Lookahead.Euler(0)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "deterministic",
            Assert.Throws<ArgumentException>(() => Lookahead.EndToEnd(Solver.Ddpm())).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Lookahead.With(Solver.Ddim(), 1, -0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Sampler(Lookahead.Greedy, TimeGrid.Uniform(4), 4));
    }

    private double Slope(Func<double, Lookahead> to)
    {
        using var scope = NewDisposeScope();
        double Off(double stretch)
        {
            double end = End(stretch);
            return (
                Sampler(to(end), TimeGrid.FromTimes([Start, end]), 0).Sample(StateAt(Start), mixture.ConditionTensor(Items))
                - Exact(StateAt(Start), Start, end))
                .norm()
                .item<double>();
        }

        return Math.Log2(Off(0.5) / Off(0.25));
    }

    // Several, so that no leading coefficient happens to cancel.
    private const int Items = 8;
    private const double Start = 0.35;

    private double Error(Solver solver, double stretch)
    {
        double end = End(stretch);
        Tensor x = StateAt(Start);
        Tensor predicted = Sampler(Lookahead.With(solver, 1, end), TimeGrid.FromTimes([Start, end]), 0)
            .Sample(x, mixture.ConditionTensor(Items));
        return (predicted - Exact(x, Start, end)).norm().item<double>();
    }

    private double End(double stretch) => mixture.Schedule.TimeAtHalfLogSnr(Math.Log(Clock(Start) * (1 + stretch)));

    private double Clock(double time) => Math.Exp(mixture.Schedule.HalfLogSnr(time));

    private Sampler Sampler(Lookahead lookahead, TimeGrid grid, int index) =>
        lookahead.At(mixture.Denoiser(), mixture.Schedule, grid, index);

    private Tensor PosteriorMean(Tensor x, double time)
    {
        Tensor noise = mixture.Denoiser().Call(x, time, mixture.ConditionTensor(Items));
        return (x - (mixture.Schedule.Sigma(time) * noise)) / mixture.Schedule.Alpha(time);
    }

    private Tensor StateAt(double time) => Exact(StartNoise.Draw([Items, 2], 11, ScalarType.Float64), 1, time);

    private Tensor Exact(Tensor x, double from, double to) =>
        new Sampler(
            mixture.Denoiser(),
            mixture.Schedule,
            Solver.ExponentialRungeKutta(ButcherTableau.DormandPrince),
            TimeGrid.UniformLogSnr(mixture.Schedule, 100, from, to)
        ).Sample(x, mixture.ConditionTensor(Items));
}
