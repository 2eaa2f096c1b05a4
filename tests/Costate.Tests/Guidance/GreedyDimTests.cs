using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class GreedyDimTests
{
    private readonly Mixture mixture = Mixture.Load();

    [Theory]
    [InlineData(Prediction.Noise)]
    [InlineData(Prediction.Velocity)]
    public void Sample_IsThePublishedUpdate(Prediction prediction)
    {
        using var scope = NewDisposeScope();
        TimeGrid grid = TimeGrid.Uniform(6);
        Tensor x = Start();
        GuidedSample guided = Make(grid, prediction).Sample(x, Condition(), mixture.Loss);
        for (int i = 0; i < grid.Steps; i++)
        {
            x = Step(x, grid.Times[i], grid.Times[i + 1], Condition());
        }

        // Rounding in the 300 gradients that Adam divides by their size.
        Near.Equal(x, guided.Sample, 1e-9);
        Near.Equal(mixture.Loss(x), guided.Loss, 1e-9);
        Assert.Equal(6, guided.Cost.NetworkEvaluations);
        Assert.Equal(0, guided.Cost.VectorJacobianProducts);
        Assert.Equal((6 * 51) + 1, guided.LossEvaluations);
    }

    [Fact]
    public void Batch_IsItsItems()
    {
        using var scope = NewDisposeScope();
        GreedyDim dim = Make(TimeGrid.Uniform(4));
        Tensor together = dim.Sample(Start(), Condition(), mixture.Loss).Sample;
        for (int i = 0; i < 3; i++)
        {
            Tensor alone = dim.Sample(Start().slice(0, i, i + 1, 1), Condition().slice(0, i, i + 1, 1), mixture.Loss).Sample;
            Near.Equal(together.slice(0, i, i + 1, 1), alone, 1e-12);
        }
    }

    [Fact]
    public void Sample_LowersTheLoss()
    {
        using var scope = NewDisposeScope();
        TimeGrid grid = TimeGrid.Uniform(20);
        Tensor unguided = new Sampler(mixture.Denoiser(), mixture.Schedule, Solver.Ddim(), grid).Sample(Start(), Condition());
        GuidedSample guided = Make(grid).Sample(Start(), Condition(), mixture.Loss);
        Assert.True(guided.Loss.less(mixture.Loss(unguided)).all().item<bool>());
    }

    [Fact]
    public void NoInnerSteps_IsDdim()
    {
        using var scope = NewDisposeScope();
        TimeGrid grid = TimeGrid.Uniform(8);
        var dim = new GreedyDim(mixture.Denoiser(), mixture.Schedule, grid, new GreedyDimOptions { InnerSteps = 0 });
        Near.Equal(
            new Sampler(mixture.Denoiser(), mixture.Schedule, Solver.Ddim(), grid).Sample(Start(), Condition()),
            dim.Sample(Start(), Condition(), mixture.Loss).Sample,
            1e-13);
    }

    [Theory]
    [InlineData(1e9, false)]
    [InlineData(0.01, true)]
    public void DivergedItem_LeavesTheOthersAlone(double rate, bool becomesNaN)
    {
        // Adam's steps are as long as its rate whatever the loss: a rate too large drives every item away, a loss that becomes NaN one.
        using var scope = NewDisposeScope();
        TimeGrid grid = TimeGrid.Uniform(4);
        var dim = new GreedyDim(mixture.Denoiser(), mixture.Schedule, grid, new GreedyDimOptions { LearningRate = rate, InnerSteps = 8 });
        int calls = 0;
        Tensor Loss(Tensor x) => mixture.Loss(x) * tensor(new[] { 1, becomesNaN && calls++ > 12 ? double.NaN : 1, 1 });
        GuidedSample guided = dim.Sample(Start(), Condition(), Loss);
        if (!becomesNaN)
        {
            Assert.Equal([0, 1, 2], guided.Diverged.Select(d => d.Item));
            Assert.True(guided.Sample.isnan().all().item<bool>());
            return;
        }

        Assert.Equal(new DivergedItem(1, 1, grid.Times[1]), Assert.Single(guided.Diverged));
        Assert.True(guided.Sample[1].isnan().all().item<bool>() && guided.Loss[1].isnan().item<bool>());
        foreach (int i in (int[])[0, 2])
        {
            GuidedSample alone = dim.Sample(Start().narrow(0, i, 1), Condition().narrow(0, i, 1), mixture.Loss);
            Near.Equal(alone.Sample[0], guided.Sample[i], 1e-12);
            Near.Equal(alone.Loss, guided.Loss.narrow(0, i, 1), 1e-12);
        }
    }

    [Fact]
    public void BadInput_SaysWhatToDo()
    {
        using var scope = NewDisposeScope();
        GreedyDim dim = Make(TimeGrid.Uniform(2));
        string Message(Func<Tensor, Tensor> loss) =>
            Assert.Throws<InvalidOperationException>(() => dim.Sample(Start(), Condition(), loss)).Message;
        Assert.Contains("one value for each", Message(x => x.sum()), StringComparison.Ordinal);
        Assert.Contains("no gradient", Message(x => x.detach().sum([1L])), StringComparison.Ordinal);
        string nan = Message(x => (x[TensorIndex.Colon, 0] - x[1, 0]).sqrt());
        Assert.Contains("at step 0 (time 1)", nan, StringComparison.Ordinal);
        Assert.Contains("for item", nan, StringComparison.Ordinal);
        Assert.Contains(
            "Move that end of the grid inwards",
            Assert
                .Throws<InvalidOperationException>(() => new GreedyDim(mixture.Denoiser(), NoiseSchedule.VpCosine(), TimeGrid.Uniform(4)))
                .Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() =>
            new GreedyDim(mixture.Denoiser(), mixture.Schedule, TimeGrid.Uniform(4), new GreedyDimOptions { Beta1 = 1 }));
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            dim.Sample(
                Start(),
                Condition(),
                x =>
                {
                    stop.Cancel();
                    return mixture.Loss(x);
                },
                null,
                stop.Token));
    }

    private static Tensor Start() => StartNoise.Draw([3, 2], 5, ScalarType.Float64);

    private Tensor Condition() => mixture.ConditionTensor(3) + (0.1 * StartNoise.Draw([3, 2], 6, ScalarType.Float64));

    private GreedyDim Make(TimeGrid grid, Prediction prediction = Prediction.Noise) =>
        new(mixture.Denoiser(prediction), mixture.Schedule, grid);

    // In numbers, item by item, with the gradient of the loss by autograd.
    private Tensor Step(Tensor x, double s, double t, Tensor z)
    {
        (double alpha, double sigma) = (mixture.Schedule.Alpha(s), mixture.Schedule.Sigma(s));
        Tensor noise = mixture.Denoiser().Call(x, s, z).detach();
        List<Tensor> rows = [];
        for (int item = 0; item < 3; item++)
        {
            Tensor eps = noise[item].clone();
            Tensor mean = zeros_like(eps);
            Tensor square = zeros_like(eps);
            Tensor best = eps;
            double lowest = double.PositiveInfinity;
            for (int k = 1; k <= 51; k++)
            {
                Tensor leaf = eps.detach().clone().requires_grad_(true);
                Tensor loss = mixture.Loss(((x[item] - (sigma * leaf)) / alpha).unsqueeze(0));
                if (loss.item<double>() < lowest)
                {
                    (lowest, best) = (loss.item<double>(), leaf.detach());
                }

                loss.sum().backward();
                mean = (0.5 * mean) + (0.5 * leaf.grad!);
                square = (0.9 * square) + (0.1 * leaf.grad!.square());
                eps = leaf.detach() - (0.01 * (mean / (1 - Math.Pow(0.5, k))) / ((square / (1 - Math.Pow(0.9, k))).sqrt() + 1e-8));
            }

            Tensor data = (x[item] - (sigma * best)) / alpha;
            rows.Add((mixture.Schedule.Alpha(t) * data) + (mixture.Schedule.Sigma(t) * best));
        }

        return stack(rows);
    }
}
