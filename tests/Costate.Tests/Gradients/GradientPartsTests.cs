using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>The gradients that are asked for: of the noise on the way, of the states, of the last steps only.</summary>
public sealed class GradientPartsTests
{
    private const int Steps = 6;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    private static readonly TimeGrid Grid = TimeGrid.UniformLogSnr(Schedule, Steps, 1, 1e-2);

    public static TheoryData<string> Stochastic => [.. Solvers.Stochastic.Select(row => row.Data), "rex-euler-maruyama", "rex-shark"];

    public static TheoryData<string> Every => Solvers.Every;

    [Theory]
    [MemberData(nameof(Stochastic))]
    public void NoiseVectors_EqualUnrolledAndFiniteDifferences(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, name);
        Tensor noise = StartNoise.Draw([sampler.Table.NoiseIntervals.Count, 2, 3], 31, ScalarType.Float64);
        SampleGradient Of(GradientMethod method) => sampler.Gradient(
            SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method, BrownianPath.Recorded(noise), also: GradientParts.NoiseVectors);

        Tensor expected = Of(GradientMethod.Unrolled()).NoiseVectors!;
        GradientMethod[] methods = sampler.Solver.IsReversible
            ? [GradientMethod.Discrete(), GradientMethod.Reversible()]
            : [GradientMethod.Discrete(), GradientMethod.Discrete(Checkpointing.Revolve(2))];
        foreach (GradientMethod method in methods)
        {
            SampleGradient actual = Of(method);
            Near.Equal(expected, actual.NoiseVectors!, 1e-10);
            Assert.Null(actual.StateCotangents);
        }

        Tensor direction = StartNoise.Draw(noise.shape, 21, ScalarType.Float64);
        double difference = Near.DirectionalDerivative(
            () => sampler.Sample(SmallNet.Start(), SmallNet.Condition(), BrownianPath.Recorded(noise)), SmallNet.Loss, noise, direction);
        Assert.Equal(1, (expected * direction).sum().item<double>() / difference, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void StateCotangents_AreTheGradientsOfControls(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, name);
        BrownianPath noise = BrownianPath.PerStep(11);

        SampleGradient gradient = sampler.Gradient(
            SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, noise: noise, also: GradientParts.StateCotangents);
        SampleGradient unrolled = sampler.Gradient(
            SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, GradientMethod.Unrolled(), noise, also: GradientParts.StateCotangents);
        ControlGradient controls = new ControlOptimisation(sampler)
            .Gradient(SmallNet.Start(), SmallNet.Condition(), zeros(Steps, 2, 3, dtype: ScalarType.Float64), SmallNet.Loss, noise);

        Near.Equal(controls.Controls, gradient.StateCotangents![..Steps], 1e-14);
        Near.Equal(unrolled.StateCotangents!, gradient.StateCotangents!, 1e-12);
        Near.Equal(gradient.StartNoise, gradient.StateCotangents![0], 0);
        Tensor leaf = gradient.Sample.clone().requires_grad_(true);
        SmallNet.Loss(leaf).sum().backward();
        Near.Equal(leaf.grad!, gradient.StateCotangents![Steps], 1e-14);
        Assert.Null(gradient.NoiseVectors);
    }

    [Fact]
    public void Both_AreAskedForTogether_AndChangeNothingElse()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, "sde-dpm++2");
        SampleGradient Of(GradientParts also) => sampler.Gradient(
            SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, noise: BrownianPath.PerStep(11), also: also);

        SampleGradient none = Of(GradientParts.None);
        SampleGradient noise = Of(GradientParts.NoiseVectors), states = Of(GradientParts.StateCotangents);
        SampleGradient both = Of(GradientParts.NoiseVectors | GradientParts.StateCotangents);

        Near.Equal(noise.NoiseVectors!, both.NoiseVectors!, 0);
        Near.Equal(states.StateCotangents!, both.StateCotangents!, 0);
        foreach (SampleGradient one in new[] { noise, states, both })
        {
            Near.Equal(none.Sample, one.Sample, 0);
            Near.Equal(none.StartNoise, one.StartNoise, 0);
            Assert.Equal(none.Cost, one.Cost);
        }

        Assert.Null(none.NoiseVectors);
        Assert.Null(none.StateCotangents);
    }

    [Fact]
    public void AdjointDeis_HasTheAdjointOfStates_AndNoNoise()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, "sde-dpm-1");
        SampleGradient Of(GradientMethod method, GradientParts also) => sampler.Gradient(
            SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method, BrownianPath.PerStep(11), also: also);

        SampleGradient gradient = Of(GradientMethod.AdjointDeis(), GradientParts.StateCotangents);
        Near.Equal(gradient.StartNoise, gradient.StateCotangents![0], 0);
        Assert.Equal(Steps + 1, gradient.StateCotangents!.shape[0]);
        Assert.Throws<InputException>(() => Of(GradientMethod.AdjointDeis(steps: 3), GradientParts.StateCotangents));
        Assert.Throws<InputException>(() => Of(GradientMethod.AdjointDeis(), GradientParts.NoiseVectors));
        Assert.Throws<InputException>(() => NewSampler(net, "ddim").Gradient(
            SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, also: GradientParts.NoiseVectors));
    }

    [Theory]
    [InlineData("ddim", 2)]
    [InlineData("heun", 3)]
    [InlineData("dpm++2s", 1)]
    [InlineData("sde-dpm++1", 2)]
    [InlineData("dpm++3s-heun", 2)]
    public void LastSteps_AreThoseOfASamplerThatBeginsThere(string name, int last)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler whole = NewSampler(net, name);
        Tensor noise = StartNoise.Draw([Steps, 2, 3], 31, ScalarType.Float64);
        Tensor? middle = null;
        SampleGradient Of(GradientMethod method, StepLoss[]? losses = null) =>
            whole.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method, BrownianPath.Recorded(noise), losses);
        Of(GradientMethod.Discrete(), [StepLoss.AtState(Steps - last, x =>
        {
            middle = x.detach().clone().MoveToOtherDisposeScope(scope);
            return x.sum(1);
        })]);

        var rest = new Sampler(whole.Denoiser, Schedule, Solvers.Named(name), TimeGrid.FromTimes([.. Grid.Times.Skip(Steps - last)]));
        SampleGradient expected = rest.Gradient(
            middle!, SmallNet.Condition(), SmallNet.Loss, GradientMethod.Unrolled(), BrownianPath.Recorded(noise[^last..]));
        foreach (Checkpointing? checkpointing in (Checkpointing?[])[null, Checkpointing.Revolve(1), Checkpointing.Revolve(2)])
        {
            SampleGradient actual = Of(GradientMethod.Discrete(checkpointing, last));
            Near.Equal(expected.Sample, actual.Sample, 1e-12);
            Near.Equal(expected.Condition!, actual.Condition!, 1e-11);
            Assert.Equal(0, actual.StartNoise.abs().max().item<double>());
            Assert.Equal(expected.Cost.VectorJacobianProducts, actual.Cost.VectorJacobianProducts);
            Assert.True(checkpointing is not null || actual.Cost.PeakStoredStates == expected.Cost.NetworkEvaluations);
            foreach ((Tensor e, Tensor a) in expected.Parameters.Zip(actual.Parameters))
            {
                Near.Equal(e, a, 1e-11);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void LastSteps_OfAll_AreTheWholeGradient(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, name);
        SampleGradient Of(GradientMethod method) =>
            sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method, BrownianPath.PerStep(11));

        SampleGradient whole = Of(GradientMethod.Discrete()), last = Of(GradientMethod.Discrete(lastSteps: Steps));
        SampleGradient two = Of(GradientMethod.Discrete(lastSteps: 2)), again = Of(GradientMethod.Discrete(Checkpointing.Revolve(1), 2));

        Near.Equal(whole.StartNoise, last.StartNoise, 0);
        Near.Equal(two.Parameters[0], again.Parameters[0], 1e-13);
        Assert.True((whole.Parameters[0] - two.Parameters[0]).abs().max().item<double>() > 0);
    }

    /// <summary>Of a solver that remembers, or carries two states: those with a graph that is cut at the states of a grid point.</summary>
    [Theory]
    [InlineData("dpm++2")]
    [InlineData("unipc-2")]
    [InlineData("rex-rk4")]
    [InlineData("edict")]
    [InlineData("bdia")]
    public void LastSteps_AreThoseOfAGraphThatIsCut(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        const int Last = 2;
        Sampler sampler = NewSampler(net, name);
        Tensor z = SmallNet.Condition().requires_grad_(true);
        int point = Steps - Last;
        SamplingRun run = sampler.Checked(SmallNet.Start(), z, null, null, default);
        var executor = new TableExecutor(run)
        {
            KeepsRemainders = false,
            OnState = (row, state, _) =>
            {
                TableRow made = sampler.Table.Rows[row];
                if (made.GridIndex == point || (made.Time == Grid.Times[point] && sampler.Table.IsCarrier(row)))
                {
                    state.detach_();
                }
            },
        };
        using LiveSet live = executor.Begin();
        for (int k = 0; k < executor.Evaluations; k++)
        {
            TableRow at = sampler.Table.Rows[sampler.Table.EvaluatedRows[k]];

            // What comes before the last steps is a constant.
            using IDisposable mode = set_grad_enabled(at.Interval >= point);
            executor.Advance(live, k);
        }

        SmallNet.Loss(executor.Sample(live)).sum().backward();
        SampleGradient actual = sampler.Gradient(SmallNet.Start(), z.detach(), SmallNet.Loss, GradientMethod.Discrete(lastSteps: Last));

        Near.Equal(z.grad!, actual.Condition!, 1e-11);
        foreach ((Tensor e, Tensor a) in net.parameters().Select(p => p.grad!).Zip(actual.Parameters))
        {
            Near.Equal(e, a, 1e-11);
        }

        foreach (var parameter in net.parameters())
        {
            parameter.grad = null;
        }
    }

    [Fact]
    public void LastSteps_RefuseWhatTheyCannot()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, "ddim");
        Assert.Throws<InputException>(() => GradientMethod.Discrete(lastSteps: 0));
        StepLoss prediction = StepLoss.AtPrediction(Steps - 2, x => x.sum(1)), constant = StepLoss.AtState(Steps - 2, x => x.sum(1));
        SampleGradient Of(params StepLoss[] losses) => sampler.Gradient(
            SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, GradientMethod.Discrete(lastSteps: 2), losses: losses);
        Of(prediction);
        Assert.Throws<InputException>(() => Of(constant));
        Assert.Throws<InputException>(() => Of(prediction, constant));
        Assert.Contains("last 2 steps", Assert.Throws<InputException>(() => sampler.Gradient(
                        SmallNet.Start(),
                        SmallNet.Condition(),
                        SmallNet.Loss,
                        GradientMethod.Discrete(lastSteps: 2),
                        losses: [StepLoss.AtState(1, x => x.sum(1))]))
                .Message,
            StringComparison.Ordinal);
    }

    private static Sampler NewSampler(SmallNet net, string name) =>
        new(Denoiser.FromModule(net, Prediction.Noise), Schedule, Named(name), Grid);

    private static Solver Named(string name) => name switch
    {
        "rex-rk4" => Solver.Rex(ButcherTableau.Rk4),
        "edict" => Solver.Edict(),
        "bdia" => Solver.Bdia(),
        "rex-euler-maruyama" => Solver.Rex(ButcherTableau.EulerMaruyama),
        "rex-shark" => Solver.Rex(ButcherTableau.Shark),
        _ => Solvers.Named(name),
    };
}
