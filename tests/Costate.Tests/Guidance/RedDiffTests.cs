using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class RedDiffTests
{
    private const double Tolerance = 1e-10;

    private readonly GuidanceProblem problem = new();

    [Fact]
    public void Sample_IsThePublishedUpdate()
    {
        using var scope = NewDisposeScope();
        GuidanceNoise noise = problem.Noise();
        Tensor Half(Tensor x) => 0.5 * problem.Norm(x).square() / 2;
        Tensor image = 0.1 * GuidanceProblem.Start;
        Tensor mean = zeros_like(image);
        Tensor square = zeros_like(image);
        for (int i = 0; i < problem.Grid.Steps; i++)
        {
            double bar = problem.Bar(problem.Grid.Times[i]);
            Tensor n = noise.OfStep(i, 0, image);
            Tensor eps = problem.Eps((Math.Sqrt(bar) * image) + (Math.Sqrt(1 - bar) * n), problem.Grid.Times[i]);
            Tensor gradient = GuidanceProblem.Gradient(
                y => (0.25 * Math.Sqrt((1 - bar) / bar) * ((eps - n).detach() * y).mean([1L])) + Half(y), image);
            mean = (0.9 * mean) + (0.1 * gradient);
            square = (0.99 * square) + (0.01 * gradient.square());
            image = image - (0.1 * (mean / (1 - Math.Pow(0.9, i + 1))) / ((square / (1 - Math.Pow(0.99, i + 1))).sqrt() + 1e-8));
        }

        var redDiff = new RedDiff(problem.Denoiser(), problem.Schedule, problem.Grid);
        Tensor start = 0.1 * GuidanceProblem.Start;
        Near.Equal(image, redDiff.Sample(start, problem.Condition, Half, GuidanceProblem.Seeds).Sample, Tolerance);
        Tensor alone = redDiff.Sample(start.slice(0, 1, 2, 1), problem.Condition.slice(0, 1, 2, 1), Half, NoiseSeeds.OfItems(12)).Sample;
        Near.Equal(image.slice(0, 1, 2, 1), alone, Tolerance);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DivergedItem_LeavesTheOthersAlone(bool byRate)
    {
        // Adam's steps are as long as its rate whatever the loss: a rate too large drives every item away, a loss that becomes infinite
        // one.
        using var scope = NewDisposeScope();
        var redDiff = new RedDiff(
            problem.Denoiser(),
            problem.Schedule,
            problem.Grid,
            new RedDiffOptions { LearningRate = byRate ? 2000 : 0.1 });
        Tensor start = 0.1 * GuidanceProblem.Start;
        int calls = 0;
        GuidedSample guided = redDiff.Sample(
            start,
            problem.Condition,
            x => problem.Loss(x) / tensor(new[] { 1, !byRate && calls++ == 3 ? 0.0 : 1, 1 }),
            GuidanceProblem.Seeds);
        if (byRate)
        {
            Assert.Equal([0, 1, 2], guided.Diverged.Select(d => d.Item));
            Assert.All(guided.Diverged, d => Assert.Equal((0, problem.Grid.Times[0]), (d.Step, d.Time)));
            return;
        }

        Assert.Equal(new DivergedItem(1, 3, problem.Grid.Times[3]), Assert.Single(guided.Diverged));
        Assert.True(guided.Sample[1].isnan().all().item<bool>() && guided.Loss[1].isnan().item<bool>());
        foreach (int i in (int[])[0, 2])
        {
            GuidedSample alone = redDiff.Sample(
                start.narrow(0, i, 1),
                problem.Condition.narrow(0, i, 1),
                problem.Loss,
                NoiseSeeds.OfItems(GuidanceProblem.Seeds[i]));
            Near.Equal(alone.Sample[0], guided.Sample[i], Tolerance);
            Near.Equal(alone.Loss, guided.Loss.narrow(0, i, 1), Tolerance);
        }

        // At the very start it is an error.
        string message = Assert
            .Throws<InvalidOperationException>(() =>
                redDiff.Sample(start, problem.Condition, x => problem.Loss(x) / tensor(new[] { 1, 0.0, 1 }), 1))
            .Message;
        Assert.Contains("for item 1", message, StringComparison.Ordinal);
        Assert.Contains("at step 0 (time 1)", message, StringComparison.Ordinal);
    }
}
