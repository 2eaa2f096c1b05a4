using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class ControlOptimisationTests
{
    private readonly GuidanceProblem problem = new();

    public static TheoryData<string> Every => Solvers.Every;

    [Theory]
    [MemberData(nameof(Every))]
    public void Gradient_IsTheUnrolledOne(string name)
    {
        using var scope = NewDisposeScope();
        TimeGrid grid = TimeGrid.UniformLogSnr(problem.Schedule, 8, 1, 1e-2);
        var sampler = new Sampler(problem.Denoiser(), problem.Schedule, Solvers.Named(name), grid);
        Tensor controls = 0.05 * StartNoise.Draw([8, 3, 2], 21, ScalarType.Float64);
        BrownianPath noise = BrownianPath.PerStep(7);
        foreach (Checkpointing? checkpointing in (Checkpointing?[])[null, Checkpointing.Revolve(3)])
        {
            ControlGradient gradient = new ControlOptimisation(sampler, null, checkpointing)
                .Gradient(GuidanceProblem.Start, problem.Condition, controls, problem.Loss, noise);

            // The whole run in one autograd graph.
            Tensor leaf = controls.clone().requires_grad_(true);
            SamplingRun run = sampler.Checked(GuidanceProblem.Start, problem.Condition, noise, null, default);
            var executor = new TableExecutor(ControlOptimisation.Controlled(run, leaf));
            using LiveSet live = executor.Complete(executor.Begin());
            Tensor sample = executor.Sample(live);
            problem.Loss(sample).sum().backward();
            Near.Equal(sample.detach(), gradient.Sample, 1e-14);
            Near.Equal(leaf.grad!, gradient.Controls, 1e-12);
        }
    }

    [Fact]
    public void Gradient_IsThatOfFlowGrad()
    {
        using var scope = NewDisposeScope();
        Tensor leaf = (0.05 * StartNoise.Draw([12, 3, 2], 21, ScalarType.Float64)).requires_grad_(true);
        Tensor x = GuidanceProblem.Start;
        for (int i = 0; i < 12; i++)
        {
            (double t, double s) = (problem.Grid.Times[i], problem.Grid.Times[i + 1]);
            Tensor moved = x + leaf[i];
            x = problem.Ddim(problem.Mean(moved, t), problem.Eps(moved, t), zeros_like(x), 0, t, s);
        }

        problem.Loss(x).sum().backward();
        ControlGradient gradient = Optimisation().Gradient(GuidanceProblem.Start, problem.Condition, leaf.detach(), problem.Loss);
        Near.Equal(x.detach(), gradient.Sample, 1e-12);
        Near.Equal(leaf.grad!, gradient.Controls, 1e-12);
        Assert.Equal((12, 12), (gradient.Cost.NetworkEvaluations, gradient.Cost.VectorJacobianProducts));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.9)]
    public void Optimise_IsThePublishedIteration(double decay)
    {
        using var scope = NewDisposeScope();
        var options = new ControlOptions { LearningRate = 0.02, Decay = decay, Iterations = 5 };
        ControlOptimisation optimisation = Optimisation(options);
        Tensor controls = zeros(12, 3, 2, ScalarType.Float64);
        List<Tensor> losses = [];
        Tensor best = full([3], double.PositiveInfinity, ScalarType.Float64);
        Tensor bestControls = controls;
        for (int i = 0; i <= 5; i++)
        {
            ControlGradient gradient = optimisation.Gradient(GuidanceProblem.Start, problem.Condition, controls, problem.Loss);
            losses.Add(gradient.Loss);
            Tensor objective = gradient.Loss + ((1 - decay) / 0.02 / 2 * controls.square().sum([0L, 2]));
            bestControls = where(objective.less(best).unsqueeze(1), controls, bestControls);
            best = minimum(objective, best);
            controls = (decay * controls) - (0.02 * gradient.Controls);
        }

        ControlledSample found = optimisation.Optimise(GuidanceProblem.Start, problem.Condition, problem.Loss);
        Near.Equal(stack(losses), found.History, 1e-12);
        Near.Equal(bestControls, found.Controls, 1e-12);
        Assert.True(found.Loss.less(found.History[0]).all().item<bool>());
        ControlGradient again = optimisation.Gradient(GuidanceProblem.Start, problem.Condition, found.Controls, problem.Loss);
        Near.Equal(again.Sample, found.Sample, 1e-12);
        Near.Equal(again.Loss, found.Loss, 1e-12);
        Assert.Equal(6 * 12, found.Cost.NetworkEvaluations);
    }

    [Fact]
    public void Optimise_KeepsTheBest()
    {
        // A rate far too large: what comes later is worse than no control.
        using var scope = NewDisposeScope();
        ControlledSample found = Optimisation(new ControlOptions { LearningRate = 5, Iterations = 3 })
            .Optimise(GuidanceProblem.Start, problem.Condition, problem.Loss);
        Assert.True(found.Loss.less_equal(found.History.min(0).values).all().item<bool>());
        Assert.True(found.History[3].greater(found.Loss).any().item<bool>());
    }

    [Fact]
    public void Batch_IsItsItems()
    {
        using var scope = NewDisposeScope();
        // Each item is divided by its own trajectory: at this threshold into other steps than its neighbours.
        ControlOptimisation optimisation = Optimisation(ControlOptions.OcFlow with { LearningRate = 0.02, StraightnessThreshold = 0.3 });
        Tensor together = optimisation.Optimise(GuidanceProblem.Start, problem.Condition, problem.Loss).Sample;
        for (int i = 0; i < 3; i++)
        {
            Tensor alone = optimisation
                .Optimise(GuidanceProblem.Start.slice(0, i, i + 1, 1), problem.Condition.slice(0, i, i + 1, 1), problem.Loss)
                .Sample;
            Near.Equal(together.slice(0, i, i + 1, 1), alone, 1e-10);
        }
    }

    // A weight that overflows the controls, one that overflows the network's input, and a loss that is not a number any more.
    [Theory]
    [InlineData(1e308, 0)]
    [InlineData(1e160, 1)]
    [InlineData(double.NaN, 2)]
    public void DivergedItem_LeavesTheOthersAlone(double weight, int iteration)
    {
        using var scope = NewDisposeScope();
        ControlOptimisation optimisation = Optimisation(
            new ControlOptions
            {
                LearningRate = 0.02,
                Iterations = 4,
                StraightnessThreshold = 0.01,
            });
        int calls = 0;
        ControlledSample found = optimisation.Optimise(
            GuidanceProblem.Start,
            problem.Condition,
            x => problem.Loss(x) * tensor(new[] { 1, double.IsNaN(weight) && calls++ < 2 ? 1 : weight, 1 }));
        DivergedItem diverged = Assert.Single(found.Diverged);
        Assert.Equal((1, iteration), (diverged.Item, diverged.Step));
        Assert.InRange(diverged.Time, 0, 1);
        for (int i = 0; i < 3; i++)
        {
            ControlledSample alone = optimisation.Optimise(
                GuidanceProblem.Start.narrow(0, i, 1),
                problem.Condition.narrow(0, i, 1),
                problem.Loss);
            if (i != 1)
            {
                // Sums over one item and over three, in 64 bits.
                Near.Equal(alone.Sample[0], found.Sample[i], 1e-10);
                Near.Equal(alone.History[TensorIndex.Ellipsis, 0], found.History[TensorIndex.Ellipsis, i], 1e-10);
                Near.Equal(alone.Controls[TensorIndex.Colon, 0], found.Controls[TensorIndex.Colon, i], 1e-10);
            }
        }

        // It keeps its best, and its history ends.
        Assert.True(found.Sample.isfinite().all().item<bool>());
        Assert.Equal(found.History[0, 1].item<double>() <= found.Loss[1].item<double>(), iteration < 2);
        Assert.True(found.History[4, 1].isnan().item<bool>());
        Assert.True(found.History[0, 1].isfinite().item<bool>());
    }

    [Fact]
    public void AllDiverged_EndsWithTheirBest()
    {
        using var scope = NewDisposeScope();
        int calls = 0;
        ControlledSample found = Optimisation(new ControlOptions { LearningRate = 0.02, Iterations = 9 })
            .Optimise(GuidanceProblem.Start, problem.Condition, x => problem.Loss(x) * (calls++ < 2 ? 1 : double.NaN));
        Assert.Equal([0, 1, 2], found.Diverged.Select(d => d.Item));
        Assert.All(found.Diverged, d => Assert.Equal(2, d.Step));
        Assert.Equal(3, calls);
        Assert.Equal([10L, 3], found.History.shape);
        Near.Equal(found.History.slice(0, 0, 2, 1).min(0).values, found.Loss, 1e-14);
    }

    [Fact]
    public void BadInput_SaysWhatToDo()
    {
        using var scope = NewDisposeScope();
        var rex = new Sampler(problem.Denoiser(), problem.Schedule, Solver.Rex(ButcherTableau.Euler), problem.Grid);
        Assert.Contains(
            "carries two states",
            Assert.Throws<ArgumentException>(() => new ControlOptimisation(rex)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Optimisation(new ControlOptions { Decay = 0 }));
        Assert.Throws<ArgumentException>(() => Optimisation(new ControlOptions { StraightnessThreshold = double.NaN }));
        Tensor wrong = zeros(11, 3, 2, ScalarType.Float64);
        Assert.Contains(
            "[11, 3, 2]",
            Assert
                .Throws<ArgumentException>(() => Optimisation().Gradient(GuidanceProblem.Start, problem.Condition, wrong, problem.Loss))
                .Message,
            StringComparison.Ordinal);
        string Message(Func<Tensor, Tensor> loss) =>
            Assert.Throws<InvalidOperationException>(() => Optimisation().Optimise(GuidanceProblem.Start, problem.Condition, loss)).Message;
        Assert.Contains(
            "in iteration 0: NaN for item 2",
            Message(x => problem.Loss(x) * tensor(new[] { 1, 1, double.NaN })),
            StringComparison.Ordinal);
        Assert.Contains("one value for each, [3]", Message(x => x.sum()), StringComparison.Ordinal);
        Assert.Contains("no gradient", Message(x => x.detach().sum([1L])), StringComparison.Ordinal);
    }

    private ControlOptimisation Optimisation(ControlOptions? options = null) =>
        new(new Sampler(problem.Denoiser(), problem.Schedule, Solver.Ddim(), problem.Grid), options);
}
