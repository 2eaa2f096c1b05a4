using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class ExponentialRungeKuttaTests
{
    private readonly Mixture mixture = Mixture.Load();

    public static TheoryData<string> Tableaus => [.. ButcherTableau.All.Where(t => !t.IsStochastic).Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Tableaus))]
    public void Order_IsTheTableaus(string name)
    {
        ButcherTableau tableau = ButcherTableauTests.Named(name);
        foreach (Prediction prediction in new[] { Prediction.Data, Prediction.Noise })
        {
            // High orders reach rounding soon, low ones are asymptotic late.
            (int few, int many) = tableau.Order >= 4 ? (40, 160) : (160, 640);
            double slope = Slope(Solver.ExponentialRungeKutta(tableau, prediction), few, many);
            Assert.InRange(slope, tableau.Order - 0.25, tableau.Order + 1.2);
        }
    }

    [Theory]
    [InlineData("midpoint", 2)]
    [InlineData("heun", 2)]
    [InlineData("ralston", 2)]
    [InlineData("ssprk3", 3)]
    [InlineData("bogacki-shampine", 3)]
    [InlineData("rk4", 4)]
    [InlineData("rk38", 4)]
    public void Order_OfRex_IsTheTableaus(string name, int order) =>
        Assert.True(Slope(Solver.Rex(ButcherTableauTests.Named(name)), order == 4 ? 50 : 100, order == 4 ? 200 : 400) >= order - 0.3);

    [Fact]
    public void Order_OfRexWithEuler_FallsWhenTheStepsPassTheCoupling()
    {
        // Second order at few steps; level while the steps are about 1/(1 - coupling); first order well beyond.
        Assert.InRange(Slope(Solver.Rex(ButcherTableau.Euler), 10, 40), 1.7, 2.3);
        Assert.InRange(Slope(Solver.Rex(ButcherTableau.Euler), 320, 1280), -0.3, 0.3);
        Assert.InRange(Slope(Solver.Rex(ButcherTableau.Euler, coupling: 0.9), 1280, 5120), 0.85, 1.1);
    }

    [Fact]
    public void Euler_IsDdim()
    {
        TimeGrid grid = TimeGrid.UniformLogSnr(mixture.Schedule, 5, 1, 1e-3);
        AssertSame(Solver.DpmSolver(1), Solver.ExponentialRungeKutta(ButcherTableau.Euler, Prediction.Noise), grid);
        AssertSame(Solver.DpmSolverPlusPlus(1), Solver.ExponentialRungeKutta(ButcherTableau.Euler, Prediction.Data), grid);
    }

    [Fact]
    public void SinglestepDpmSolvers_AreTableausThatDependOnTheStep()
    {
        // The stage in the middle of the step in lambda lies at c = (s_mid - s)/(s' - s) on the clock, and b = (0, 1).
        foreach ((double start, double end) in new[] { (0.9, 0.7), (0.5, 0.2), (0.1, 0.01) })
        {
            NoiseSchedule schedule = mixture.Schedule;
            TimeGrid grid = TimeGrid.FromTimes([start, end]);
            double h = schedule.HalfLogSnr(end) - schedule.HalfLogSnr(start);
            foreach (int sign in new[] { 1, -1 })
            {
                double c = (Math.Exp(sign * h / 2) - 1) / (Math.Exp(sign * h) - 1);
                var middle = new ButcherTableau("middle in lambda", 2, [[], [c]], [0, 1]);
                AssertSame(
                    sign > 0 ? Solver.DpmSolverPlusPlusSinglestep(2) : Solver.DpmSolverSinglestep(2),
                    Solver.ExponentialRungeKutta(middle, sign > 0 ? Prediction.Data : Prediction.Noise),
                    grid);
            }
        }
    }

    [Fact]
    public void EulerMaruyama_IsTheFirstOrderSdeSolver()
    {
        TimeGrid grid = TimeGrid.UniformLogSnr(mixture.Schedule, 5, 1, 1e-3);
        AssertSame(Solver.SdeDpmSolverPlusPlus(1), Solver.ExponentialRungeKutta(ButcherTableau.EulerMaruyama, Prediction.Data), grid);
        AssertSame(Solver.SdeDpmSolver(1), Solver.ExponentialRungeKutta(ButcherTableau.EulerMaruyama, Prediction.Noise), grid);
    }

    [Fact]
    public void GradientOfRex_AtFewSteps_NeedsDataPrediction()
    {
        Assert.InRange(GradientError(Solver.Rex(ButcherTableau.Euler), 20), 0, 0.02);
        Assert.InRange(GradientError(Solver.Rex(ButcherTableau.Euler, prediction: Prediction.Noise), 20), 1, 10);
        Assert.InRange(GradientError(Solver.Rex(ButcherTableau.Rk4), 20), 0, 0.0025);
    }

    private static void AssertSame(Solver expected, Solver actual, TimeGrid grid)
    {
        NoiseSchedule schedule = NoiseSchedule.VpLinear(0.1, 20);
        SolverTable e = expected.Tabulate(schedule, grid);
        SolverTable a = actual.Tabulate(schedule, grid);
        Assert.Equal(e.Rows.Count, a.Rows.Count);
        Assert.Equal(e.NoiseIntervals, a.NoiseIntervals);
        foreach ((TableRow x, TableRow y) in e.Rows.Zip(a.Rows))
        {
            Assert.Equal(x.Time, y.Time, 1e-12);
            AssertTerms(x.States, y.States);
            AssertTerms(x.Outputs, y.Outputs);
            AssertTerms(x.Inputs, y.Inputs);
        }

        static void AssertTerms(IReadOnlyList<TableTerm> e, IReadOnlyList<TableTerm> a)
        {
            // Weights that cancel to rounding in one form are left out in the other.
            foreach (int index in e.Concat(a).Select(term => term.Index).Distinct())
            {
                Assert.Equal(e.Where(t => t.Index == index).Sum(t => t.Weight), a.Where(t => t.Index == index).Sum(t => t.Weight), 1e-12);
            }
        }
    }

    private double Slope(Solver solver, int few, int many) =>
        Math.Log(Error(solver, few) / Error(solver, many)) / Math.Log((double)many / few);

    private double Error(Solver solver, int steps)
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(mixture.Denoiser(), mixture.Schedule, solver, TimeGrid.UniformLogSnr(mixture.Schedule, steps, 1, 1e-3));
        return (sampler.Sample(mixture.StartTensor(), mixture.ConditionTensor()) - tensor(mixture.Sample)).norm().item<double>();
    }

    private double GradientError(Solver solver, int steps)
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(mixture.Denoiser(), mixture.Schedule, solver, TimeGrid.UniformLogSnr(mixture.Schedule, steps, 1, 1e-3));
        return Near.Relative(
            tensor(mixture.StartGradient),
            sampler.Gradient(mixture.StartTensor(), mixture.ConditionTensor(), mixture.Loss, GradientMethod.Reversible()).StartNoise);
    }
}
