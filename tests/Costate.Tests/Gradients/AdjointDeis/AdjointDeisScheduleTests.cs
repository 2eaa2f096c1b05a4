using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>AdjointDEIS on other schedules than the variance-preserving one, in both its forms.</summary>
public sealed class AdjointDeisScheduleTests
{
    public static TheoryData<string, int, Prediction> Forms
    {
        get
        {
            TheoryData<string, int, Prediction> forms = [];
            foreach (string schedule in new[] { "vp", "edm", "flow" })
            {
                foreach (int order in new[] { 1, 2 })
                {
                    forms.Add(schedule, order, Prediction.Noise);
                    forms.Add(schedule, order, Prediction.Data);
                }
            }

            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Gradient_HasItsOrder(string schedule, int order, Prediction prediction)
    {
        using var scope = NewDisposeScope();
        Problem problem = Problem.On(schedule);
        SampleGradient exact = problem.Gradient(800, Solver.DpmSolverPlusPlus(3), GradientMethod.Discrete());
        SampleGradient coarse = problem.Gradient(160, Solver.DpmSolverPlusPlus(2), Method());
        SampleGradient fine = problem.Gradient(320, Solver.DpmSolverPlusPlus(2), Method());

        // Order 1 of the data form is still on its way at so many steps: 0.8, and 0.9 at twice as many.
        (double low, double high) = order == 1 ? (0.78, 1.1) : (1.8, 2.2);
        Assert.InRange(Slope(g => g.StartNoise), low, high);
        Assert.InRange(Slope(g => g.Condition!), low - 0.1, high + 0.1);

        GradientMethod Method() => GradientMethod.AdjointDeis(order, prediction: prediction);

        double Slope(Func<SampleGradient, Tensor> part) =>
            Math.Log2(Near.Relative(part(exact), part(coarse)) / Near.Relative(part(exact), part(fine)));
    }

    [Theory]
    [InlineData("vp")]
    [InlineData("edm")]
    [InlineData("flow")]
    public void DataPrediction_IsBetterAtFewSteps(string schedule)
    {
        using var scope = NewDisposeScope();
        Problem problem = Problem.On(schedule);
        Tensor exact = problem.Gradient(400, Solver.DpmSolverPlusPlus(3), GradientMethod.Discrete()).StartNoise;
        foreach (int steps in new[] { 10, 20 })
        {
            Assert.InRange(Error(1, Prediction.Data), 0, 1);
            Assert.InRange(Error(2, Prediction.Data), 0, Error(1, Prediction.Data));
            Assert.True(Error(2, Prediction.Data) < 0.2 * Error(2, Prediction.Noise));
            Assert.True(Error(1, Prediction.Data) < Error(1, Prediction.Noise));

            double Error(int order, Prediction prediction) => Near.Relative(
                exact,
                problem.Gradient(steps, Solver.DpmSolverPlusPlus(2), GradientMethod.AdjointDeis(order, prediction: prediction)).StartNoise);
        }
    }

    [Fact]
    public void DataPrediction_BeginsWithoutSignal_AndDoesNotEndWithoutNoise()
    {
        using var scope = NewDisposeScope();
        Problem problem = Problem.On("flow");
        TimeGrid grid = TimeGrid.Uniform(400, 1, 1e-2);
        double coarse = Error(TimeGrid.Uniform(200, 1, 1e-2)), fine = Error(grid);
        Assert.InRange(Math.Log2(coarse / fine), 1.2, 2.2);
        Assert.InRange(fine, 0, 0.08);
        Assert.Contains("Data prediction", Refused(grid, Prediction.Noise));
        Assert.Contains("sigma = 0", Refused(TimeGrid.Uniform(10, 0.9, 0), Prediction.Data));
        Assert.Throws<ArgumentOutOfRangeException>(() => GradientMethod.AdjointDeis(prediction: Prediction.Flow));

        double Error(TimeGrid its)
        {
            Tensor exact = problem.Gradient(its, Solver.DpmSolverPlusPlus(2), GradientMethod.Discrete()).StartNoise;
            GradientMethod method = GradientMethod.AdjointDeis(2, prediction: Prediction.Data);
            return Near.Relative(exact, problem.Gradient(its, Solver.DpmSolverPlusPlus(2), method).StartNoise);
        }

        string Refused(TimeGrid its, Prediction prediction) => Assert.Throws<InvalidOperationException>(
            () => problem.Gradient(its, Solver.Ddim(), GradientMethod.AdjointDeis(1, prediction: prediction))).Message;
    }

    [LongProof]
    [Fact]
    public void DataPrediction_OfAnSde_ConvergesToTheExactGradient()
    {
        // One path for all grids, in the clock of data prediction.
        using var scope = NewDisposeScope();
        Problem problem = Problem.On("vp");
        Tensor exact = Gradient(8192, GradientMethod.Discrete());
        double coarse = Near.Relative(exact, Gradient(512, GradientMethod.AdjointDeis(1, prediction: Prediction.Data)));
        double fine = Near.Relative(exact, Gradient(2048, GradientMethod.AdjointDeis(1, prediction: Prediction.Data)));
        Assert.InRange(Math.Log2(coarse / fine) / 2, 0.7, 1.3);

        Tensor Gradient(int steps, GradientMethod method) =>
            problem.Gradient(problem.Grid(steps), Solver.SdeDpmSolverPlusPlus(1), method, BrownianPath.Tree(2)).StartNoise;
    }

    private sealed record Problem(Mixture Mixture, double Start, double End, double Scale)
    {
        public static Problem On(string schedule) => schedule switch
        {
            "vp" => new(Mixture.Load(), 1, 1e-3, 1),
            "edm" => new(Mixture.Load() with { Schedule = NoiseSchedule.Edm(80) }, 1, 2.5e-5, 80),
            _ => new(Mixture.Load() with { Schedule = NoiseSchedule.RectifiedFlow() }, 0.99, 1e-3, 1),
        };

        public TimeGrid Grid(int steps) => TimeGrid.UniformLogSnr(Mixture.Schedule, steps, Start, End);

        public SampleGradient Gradient(int steps, Solver solver, GradientMethod method) => Gradient(Grid(steps), solver, method);

        public SampleGradient Gradient(TimeGrid grid, Solver solver, GradientMethod method, BrownianPath? noise = null)
        {
            // A flow's network predicts its velocity, which exists at both ends.
            Denoiser denoiser = Mixture.Denoiser(Start < 1 ? Prediction.Flow : Prediction.Noise);
            return new Sampler(denoiser, Mixture.Schedule, solver, grid).Gradient(
                StartNoise.Draw([4, 2], 5, ScalarType.Float64) * Scale, Mixture.ConditionTensor(4), Mixture.Loss, method, noise);
        }
    }
}
