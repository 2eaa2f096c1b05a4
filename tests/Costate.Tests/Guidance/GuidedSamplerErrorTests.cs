using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>What is said of losses and options that cannot guide.</summary>
public sealed class GuidedSamplerErrorTests
{
    private readonly GuidanceProblem problem = new();

    [Fact]
    public void BadLoss_NamesItemStepAndTime()
    {
        using var scope = NewDisposeScope();
        string Message(Func<Tensor, Tensor> loss) =>
            Assert.Throws<InvalidOperationException>(() => problem.Guide(GuidancePreset.Dps(), loss)).Message;
        int calls = 0;
        Tensor OneNaN(Tensor x) => (x - x.detach() + tensor(new double[,] { { 1 }, { 1 }, { -1 } })).sum(1).sqrt();
        string first = Message(OneNaN);
        Assert.Contains("NaN for item 2", first, StringComparison.Ordinal);
        Assert.Contains("at step 0 (time 1)", first, StringComparison.Ordinal);

        // Later it is the item that has diverged, as in all ways of guidance.
        GuidedSample late = problem.Guide(GuidancePreset.Dps(), x => calls++ < 3 ? problem.Loss(x) : OneNaN(x));
        Assert.Equal(new DivergedItem(2, 3, 0.75), Assert.Single(late.Diverged));
        Assert.Contains("one value for each, [3]", Message(x => x.sum()), StringComparison.Ordinal);
        Assert.Contains("at step 0 (time 1)", Message(x => x.square()), StringComparison.Ordinal);
        Assert.Contains("no gradient", Message(x => x.detach().sum([1L])), StringComparison.Ordinal);
        Assert.Contains("returned null at step 0", Message(_ => null!), StringComparison.Ordinal);
    }

    [Fact]
    public void BadOptions_SayWhatToDo()
    {
        GuidedSampler Make(GuidanceOptions options, NoiseSchedule? schedule = null, TimeGrid? grid = null) =>
            new(
                problem.Denoiser(schedule is null ? Prediction.Noise : Prediction.Data),
                schedule ?? problem.Schedule,
                grid ?? problem.Grid,
                options);
        Assert.Throws<ArgumentException>(() => Make(new() { Iterations = 0 }));
        Assert.Throws<ArgumentException>(() => Make(new() { Recurrences = 0 }));
        Assert.Throws<ArgumentException>(() => Make(new() { SmoothingDraws = 0 }));
        Assert.Throws<ArgumentException>(() => Make(new() { Eta = 1.1 }));
        Assert.Throws<ArgumentException>(() => Make(new() { Clip = 0 }));
        Assert.Throws<ArgumentException>(() => Make(new() { DivergenceBound = double.NaN }));
        Assert.Contains(
            "step 0",
            Assert.Throws<InvalidOperationException>(() => Make(new() { StateStrength = double.NaN })).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "from noise to data",
            Assert.Throws<InvalidOperationException>(() => Make(new(), grid: problem.Grid.Reversed())).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "alpha = 0",
            Assert
                .Throws<InvalidOperationException>(() => Make(new() { StateStrength = 1, ThroughNoise = true }, NoiseSchedule.VpCosine()))
                .Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "must be finite",
            Assert.Throws<InvalidOperationException>(() => Make(GuidancePreset.Mpgd(), NoiseSchedule.VpCosine())).Message,
            StringComparison.Ordinal);
        Make(new() { StateStrength = 1 }, NoiseSchedule.VpCosine());
        var sampler = Make(GuidancePreset.Dps());
        using var scope = NewDisposeScope();
        Assert.Contains(
            "2 seeds for a batch of 3",
            Assert
                .Throws<InputException>(() =>
                    sampler.Sample(GuidanceProblem.Start, problem.Condition, problem.Loss, NoiseSeeds.OfItems(1, 2)))
                .Message,
            StringComparison.Ordinal);
    }
}
