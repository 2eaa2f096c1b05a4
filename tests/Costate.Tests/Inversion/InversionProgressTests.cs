using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>What an inversion tells of itself on the way, what it counts, and what it says where it cannot begin.</summary>
public sealed class InversionProgressTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear();

    private static readonly Dictionary<string, Func<Solver>> Reversible = new()
    {
        ["rex-euler"] = () => Solver.Rex(ButcherTableau.Euler),
        ["rex-dopri5"] = () => Solver.Rex(ButcherTableau.DormandPrince),
        ["rex-bogacki-noise"] = () => Solver.Rex(ButcherTableau.BogackiShampine, 0.999, Prediction.Noise),
        ["rex-shark"] = () => Solver.Rex(ButcherTableau.Shark),
        ["edict"] = () => Solver.Edict(),
        ["edict-0.5"] = () => Solver.Edict(0.5, alternates: false),
        ["bdia"] = () => Solver.Bdia(),
        ["belm"] = Solver.Belm,
    };

    // A sample does not determine the noise of a step that has two rows.
    public static TheoryData<string> Names =>
        [.. Reversible.Keys, .. Solvers.Every.Select(row => row.Data).Where(name => name is not ("dpm2-ancestral" or "sa-2" or "sa-3-4"))];

    public static TheoryData<string> ReversibleNames => [.. Reversible.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Reports_CountEveryEvaluation_ToATotalThatStands(string name)
    {
        using var scope = NewDisposeScope();
        int calls = 0;
        Sampler sampler = NewSampler(name, () => calls++);
        List<StepProgress> reports = [];
        using NoiseState state = sampler.Invert(
            ones(1, 2, ScalarType.Float64),
            null,
            BrownianPath.PerStep(1),
            new Reporter(reports, () => calls));
        Check(SamplingPhase.Inversion);

        // And the way back, which in a two-step method begins with a step that nothing has to evaluate.
        (calls, int before) = (0, reports.Count);
        reports.Clear();
        sampler.Sample(state, null, BrownianPath.PerStep(1), new Reporter(reports, () => calls));
        Check(SamplingPhase.Sampling);

        if (sampler.Solver.IsStochastic && !sampler.Solver.IsReversible)
        {
            calls = 0;
            reports.Clear();
            sampler.EncodeNoise(ones(1, 2, ScalarType.Float64), null, 1, new Reporter(reports, () => calls));
            Check(SamplingPhase.Inversion);
        }

        void Check(SamplingPhase phase)
        {
            Assert.Equal(Enumerable.Range(1, calls), reports.Select(r => r.Done));
            Assert.All(reports, r => Assert.Equal((phase, calls), (r.Phase, r.Total)));
        }
    }

    [Theory]
    [MemberData(nameof(ReversibleNames))]
    public void FewSteps_ComeBack_OrAreTooFew(string name)
    {
        using var scope = NewDisposeScope();
        Tensor sample = StartNoise.Draw([2, 3], 1);
        for (int steps = 1; steps <= 4; steps++)
        {
            try
            {
                var sampler = new Sampler(
                    Denoiser.FromFunction((x, _, _) => x.tanh() * 0.5, Prediction.Data),
                    Schedule,
                    Reversible[name](),
                    TimeGrid.Uniform(steps, 0.9, 0.1));
                using NoiseState state = sampler.Invert(sample, null, BrownianPath.PerStep(1));
                Tensor back = sampler.Sample(state, null, BrownianPath.PerStep(1));
                Assert.Equal(sample.data<float>().ToArray(), back.data<float>().ToArray());
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException && steps == 1)
            {
                Assert.Contains("step", e.Message, StringComparison.Ordinal);
            }
        }
    }

    // At clean data there is no noise: what cannot step from there says so, and names the end that is to move.
    [Theory]
    [InlineData("dpm++2", "in Data prediction it cannot step from time 0, where sigma is 0", "such as Ddim")]
    [InlineData("dpm++2s", "in Data prediction it cannot step from time 0, where sigma is 0", "such as Ddim")]
    [InlineData("dpm++3s-grid", "in Data prediction it cannot step from time 0, where sigma is 0", "such as Ddim")]
    [InlineData("unipc-2", "in Data prediction it cannot step from time 0, where sigma is 0", "such as Ddim")]
    [InlineData("sde-dpm++2", "takes a step without noise", "above time 0")]
    [InlineData("sde-dpm-1", "takes a step without noise", "above time 0")]
    [InlineData("ddpm", "takes a step without noise", "above time 0")]
    public void FromTime0_TheReasonIsTold(string name, params string[] texts)
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(
            Denoiser.FromFunction((x, _, _) => x * 0.5, Prediction.Noise),
            Schedule,
            Solvers.Named(name),
            TimeGrid.Uniform(4, 0.9, 0));
        string message = Assert
            .Throws<InvalidOperationException>(() =>
            {
                sampler.Invert(ones(1, 2), null, BrownianPath.PerStep(1));
            })
            .Message;
        Assert.All(texts, text => Assert.Contains(text, message, StringComparison.Ordinal));
        Assert.DoesNotContain("alpha is 0", message, StringComparison.Ordinal);

        // The cure that it names works.
        new Sampler(sampler.Denoiser, Schedule, Solvers.Named(name), TimeGrid.Uniform(4, 0.9, 0.01))
            .Invert(ones(1, 2), null, BrownianPath.PerStep(1))
            .Dispose();
        new Sampler(sampler.Denoiser, Schedule, Solver.Ddim(), sampler.Grid).Invert(ones(1, 2)).Dispose();
    }

    [Theory]
    [MemberData(nameof(ReversibleNames))]
    public void FromTime0_AReversibleSolver_ComesBackOrSaysWhy(string name)
    {
        using var scope = NewDisposeScope();
        foreach (Prediction kind in new[] { Prediction.Noise, Prediction.Data, Prediction.Velocity })
        {
            try
            {
                var sampler = new Sampler(
                    Denoiser.FromFunction((x, _, _) => x * 0.1, kind),
                    Schedule,
                    Reversible[name](),
                    TimeGrid.Uniform(6, 0.9, 0));
                Tensor sample = ones(1, 2, ScalarType.Float64);
                using NoiseState state = sampler.Invert(sample, null, BrownianPath.PerStep(1));
                Near.Equal(sample, sampler.Sample(state, null, BrownianPath.PerStep(1)), 1e-8);
            }
            catch (InvalidOperationException e)
            {
                Assert.True(
                    e.Message.Contains("time 0", StringComparison.Ordinal)
                        && e.Message.Contains("end of the grid inwards", StringComparison.Ordinal),
                    e.Message);
                Assert.DoesNotContain("another prediction", e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("ddim")]
    [InlineData("heun")]
    [InlineData("dpm-2")]
    [InlineData("unipc-3-noise")]
    public void FromTime0_ANetworkThatSaysNothingThere_IsTold(string name)
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(
            Denoiser.FromFunction((x, _, _) => x * 0.5, Prediction.Data),
            Schedule,
            Solvers.Named(name),
            TimeGrid.Uniform(4, 0.9, 0));
        string message = Assert.Throws<InvalidOperationException>(() => { sampler.Invert(ones(1, 2)); }).Message;
        Assert.Contains("says nothing of Noise at time 0", message, StringComparison.Ordinal);

        // In data prediction no step begins without noise, so another prediction is no cure.
        Assert.EndsWith("Move that end of the grid inwards.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void AStartWithoutSignal_IsToldAsThat()
    {
        string message = Assert
            .Throws<InvalidOperationException>(() => Solver.DpmSolver(2).Tabulate(NoiseSchedule.VpCosine(), TimeGrid.Uniform(4)))
            .Message;
        Assert.Contains("in Noise prediction it cannot step from time 1, where alpha is 0", message, StringComparison.Ordinal);
        Assert.Contains("DpmSolverPlusPlus", message, StringComparison.Ordinal);
        Solver.DpmSolverPlusPlus(2).Tabulate(NoiseSchedule.VpCosine(), TimeGrid.Uniform(4));
    }

    [Fact]
    public void CycleDiffusion_OfASolverThatDrawsWithinItsSteps_SaysSo()
    {
        using var scope = NewDisposeScope();
        Sampler sampler = new(
            Denoiser.FromFunction((x, _, _) => x * 0.5, Prediction.Noise),
            Schedule,
            Solver.ExponentialRungeKutta(ButcherTableau.Shark),
            TimeGrid.Uniform(4));
        Assert.Contains(
            "within its steps",
            Assert
                .Throws<InvalidOperationException>(() =>
                {
                    sampler.Invert(ones(1, 2), null, BrownianPath.Tree(1));
                })
                .Message,
            StringComparison.Ordinal);
        Sampler still = new(sampler.Denoiser, Schedule, Solver.Ddim(), sampler.Grid);
        Assert.Contains(
            "adds no noise",
            Assert
                .Throws<InvalidOperationException>(() =>
                {
                    still.EncodeNoise(ones(1, 2), null, 1);
                })
                .Message,
            StringComparison.Ordinal);
    }

    private static Sampler NewSampler(string name, Action called)
    {
        Denoiser denoiser = Denoiser.FromFunction(
            (x, _, _) =>
            {
                called();
                return x * 0.5;
            },
            Prediction.Noise);
        return new(
            denoiser,
            Schedule,
            Reversible.TryGetValue(name, out Func<Solver>? make) ? make() : Solvers.Named(name),
            TimeGrid.Uniform(6, 0.9, 0.1));
    }

    // Each report comes after the evaluation that it counts.
    private sealed class Reporter(List<StepProgress> reports, Func<int> calls) : IProgress<StepProgress>
    {
        public void Report(StepProgress value)
        {
            Assert.Equal(calls(), value.Done);
            reports.Add(value);
        }
    }
}
