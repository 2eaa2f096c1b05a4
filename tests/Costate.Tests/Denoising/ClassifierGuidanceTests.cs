using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class ClassifierGuidanceTests
{
    private readonly GuidanceProblem problem = new();

    public static TheoryData<Prediction> Predictions => [.. Enum.GetValues<Prediction>()];

    [Theory]
    [MemberData(nameof(Predictions))]
    public void Sample_IsThePublishedUpdate(Prediction prediction)
    {
        using var scope = NewDisposeScope();
        Tensor expected = problem.Run((x, i, t, s) =>
        {
            Tensor eps =
                problem.Eps(x, t)
                - (
                    0.7
                    * Math.Sqrt(1 - problem.Bar(t))
                    * GuidanceProblem.Gradient(y => LogProbability(y, full(3, t, ScalarType.Float64)), x));
            return problem.Ddim((x - (Math.Sqrt(1 - problem.Bar(t)) * eps)) / Math.Sqrt(problem.Bar(t)), eps, zeros_like(x), 0, t, s);
        });
        Near.Equal(
            expected,
            new Sampler(Guided(prediction), problem.Schedule, Solver.Ddim(), problem.Grid).Sample(GuidanceProblem.Start, problem.Condition),
            1e-10);
    }

    [Fact]
    public void Gradient_GoesThroughTheClassifier()
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(Guided(Prediction.Noise), problem.Schedule, Solver.DpmSolverPlusPlus(2), problem.Grid);
        Tensor x = GuidanceProblem.Start;
        SampleGradient exact = sampler.Gradient(x, problem.Condition, problem.Loss);
        Tensor direction = StartNoise.Draw([3, 2], 31, ScalarType.Float64);
        double difference = Near.DirectionalDerivative(() => sampler.Sample(x, problem.Condition), problem.Loss, x, direction);

        // A central difference of step 1e-5 is good to about 1e-9 of the gradient here.
        Assert.Equal(difference, (exact.StartNoise * direction).sum().item<double>(), 1e-6 * Math.Abs(difference));
        Near.Equal(exact.StartNoise, sampler.Gradient(x, problem.Condition, problem.Loss, GradientMethod.Unrolled()).StartNoise, 1e-12);
    }

    [Fact]
    public void Classifier_IsTheSchedules_WhateverTheNetworkIsTold()
    {
        using var scope = NewDisposeScope();
        double[] times = [.. problem.Grid.Times], told = [.. times.Select(t => 0.9 * t)];
        List<double> seen = [];
        Denoiser Blind() => Denoiser.FromFunction((x, _, _) => x * 0.4, Prediction.Noise).WithClassifierGuidance(
            (x, t) =>
            {
                seen.Add(t[0].item<double>());
                return LogProbability(x, t);
            },
            problem.Schedule,
            0.7);
        Tensor Sample(TimeGrid grid) => new Sampler(Blind(), problem.Schedule, Solver.Ddim(), grid).Sample(GuidanceProblem.Start);

        // The network ignores its time, so only the classifier could tell the two grids apart.
        Assert.Equal(Sample(problem.Grid), Sample(TimeGrid.FromTimes(times, told)));
        Assert.All(seen, t => Assert.Contains(t, times));
    }

    [Fact]
    public void Guidance_ComposesWithEverything()
    {
        using var scope = NewDisposeScope();
        Tensor none = zeros(1, 2, ScalarType.Float64);
        Denoiser one = Guided(Prediction.Noise).WithClassifierFreeGuidance(none, 1.5);
        Denoiser other = problem
            .Denoiser()
            .WithClassifierFreeGuidance(none, 1.5)
            .WithClassifierGuidance(LogProbability, problem.Schedule, 0.7);

        // Written out, with the classifier's gradient in closed form.
        Denoiser written = Denoiser.FromFunction(
            (x, t, z) =>
            {
                double time = t[0].item<double>();
                Tensor without = problem.Denoiser().Call(x, time, none.expand(x.shape[0], 2));
                Tensor with = problem.Denoiser().Call(x, time, z);
                Tensor score = stack([-(x[TensorIndex.Colon, 0] - 1) * (1 + time), x[TensorIndex.Colon, 1].cos()], 1);
                return without + (1.5 * (with - without)) - (0.7 * Math.Sqrt(1 - problem.Bar(time)) * score);
            },
            Prediction.Noise);
        foreach (string name in (string[])["tfg", "mpgd", "universal"])
        {
            Tensor Loss(Tensor x) => 1e-3 * problem.Norm(x);
            GuidedSample Guide(Denoiser denoiser) =>
                new GuidedSampler(denoiser, problem.Schedule, problem.Grid, GuidancePreset.Parse(name)).Sample(
                    GuidanceProblem.Start,
                    problem.Condition,
                    Loss,
                    GuidanceProblem.Seeds);
            Tensor expected = Guide(written).Sample;
            Near.Equal(expected, Guide(one).Sample, 1e-9);
            Near.Equal(expected, Guide(other).Sample, 1e-9);
        }

        GreedyDim Greedy(Denoiser denoiser) =>
            new(denoiser, problem.Schedule, TimeGrid.Uniform(4), new GreedyDimOptions { InnerSteps = 5 });
        Near.Equal(
            Greedy(written).Sample(GuidanceProblem.Start, problem.Condition, problem.Loss).Sample,
            Greedy(one).Sample(GuidanceProblem.Start, problem.Condition, problem.Loss).Sample,
            1e-10);
        ControlOptimisation Controls(Denoiser denoiser) =>
            new(
                new Sampler(denoiser, problem.Schedule, Solver.Ddim(), problem.Grid),
                new ControlOptions { LearningRate = 0.01, Iterations = 2 });
        Near.Equal(
            Controls(written).Optimise(GuidanceProblem.Start, problem.Condition, problem.Loss).Controls,
            Controls(one).Optimise(GuidanceProblem.Start, problem.Condition, problem.Loss).Controls,
            1e-9);
    }

    [Fact]
    public void BadClassifier_SaysWhatToDo()
    {
        using var scope = NewDisposeScope();
        string Message(Func<Tensor, Tensor, Tensor> classifier) => Assert.Throws<InvalidOperationException>(() =>
                    new Sampler(
                        problem.Denoiser().WithClassifierGuidance(classifier, problem.Schedule),
                        problem.Schedule,
                        Solver.Ddim(),
                        problem.Grid
                    ).Sample(GuidanceProblem.Start, problem.Condition))
                .Message;
        Assert.Contains("[3, 2]", Message((x, _) => x), StringComparison.Ordinal);
        Assert.Contains("without gradient", Message((x, _) => x.detach().sum([1L])), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            problem.Denoiser().WithClassifierGuidance(LogProbability, problem.Schedule, double.NaN));
    }

    private Denoiser Guided(Prediction prediction) =>
        problem.Denoiser(prediction).WithClassifierGuidance(LogProbability, problem.Schedule, 0.7);

    private static Tensor LogProbability(Tensor x, Tensor t) =>
        ((x[TensorIndex.Colon, 0] - 1).square() * -(1 + t) / 2) + x[TensorIndex.Colon, 1].sin();
}
