using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class LogDensityTests
{
    private static readonly Dictionary<string, Func<Solver>> Coupled = new()
    {
        ["rk4"] = () => Solver.ExponentialRungeKutta(ButcherTableau.Rk4),
        ["rex-euler"] = () => Solver.Rex(ButcherTableau.Euler),
        ["rex-rk4"] = () => Solver.Rex(ButcherTableau.Rk4),
        ["rex-0.5"] = () => Solver.Rex(ButcherTableau.Midpoint, 0.5),
    };

    public static TheoryData<string> Deterministic => [.. Solvers.Deterministic.Select(row => row.Data), .. Coupled.Keys];

    [Theory]
    [MemberData(nameof(Deterministic))]
    public void MeanWeight_IsOne(string name)
    {
        using var scope = NewDisposeScope();
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        Solver solver = Coupled.TryGetValue(name, out Func<Solver>? make) ? make() : Solvers.Named(name);
        DensitySample sample = mixture.Sampler(solver, 20).LogDensity(mixture.Draw(600, 1, 3), null, mixture.Start);
        var weights = new ImportanceWeights(mixture.LogDensity(sample.Sample, 1e-3) - sample.LogDensity);

        // The seed is the same for all: one such draw in 370 would be beyond by chance.
        Assert.InRange(Math.Abs(weights.LogZ), 0, 3 * weights.LogZError);
        Assert.InRange(weights.EffectiveFraction, 0.5, 1);
        Assert.Empty(sample.Folded);
    }

    // A control: the determinant of the pair is free and is not that of the sample.
    [Fact]
    public void MeanWeight_ByThePairsDeterminant_IsFarFromOne()
    {
        using var scope = NewDisposeScope();
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        DensitySample sample = mixture.Sampler(Solver.Rex(ButcherTableau.Rk4), 20).LogDensity(mixture.Draw(200, 1, 3), null, mixture.Start);
        double pair = (20 * 2 * Math.Log(0.999)) + (2 * 2 * Math.Log(mixture.Schedule.Sigma(1e-3) / mixture.Schedule.Sigma(1)));
        Assert.True((sample.LogDeterminant - pair).abs().min().ToDouble() > 5);
    }

    [Fact]
    public void LogDensity_DoesNotDependOnChunksOrBatch()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = Conditional(net);
        (Tensor xT, Tensor z) = (SmallNet.Start(3), SmallNet.Condition(3));
        DensitySample whole = sampler.LogDensity(xT, z, StartDensity.Normal());
        DensitySample one = sampler.LogDensity(xT.narrow(0, 1, 1), z.narrow(0, 1, 1), StartDensity.Normal());
        DensitySample parts = sampler.LogDensity(xT, z, StartDensity.Normal(), memoryBudget: 2 * 3 * 8 * 6);
        Near.Equal(whole.LogDensity.narrow(0, 1, 1), one.LogDensity, 1e-12);
        Near.Equal(whole.LogDensity, parts.LogDensity, 1e-12);
        Near.Equal(sampler.Sample(xT, z), parts.Sample, 1e-12);

        // Once where the graphs fit, twice where they do not.
        Assert.InRange(whole.Cost.NetworkEvaluations, 6, 12);
        Assert.InRange(parts.Cost.NetworkEvaluations, 30, 60);
        Assert.Equal((6, 30), (whole.Cost.VectorJacobianProducts, parts.Cost.VectorJacobianProducts));
        Assert.True(parts.Cost.PeakStoredBytes < whole.Cost.PeakStoredBytes);
    }

    [Fact]
    public void LogDensity_UnderGuidanceWithItsOwnBranchForEachItem()
    {
        using var scope = NewDisposeScope();
        Tensor other = SmallNet.Condition(3) * 2;
        using var net = new SmallNet();
        Sampler guided = Conditional(net, denoiser => denoiser.WithClassifierFreeGuidance(other, 2));
        (Tensor xT, Tensor z) = (SmallNet.Start(3), SmallNet.ScheduledCondition(6, 3));
        DensitySample whole = guided.LogDensity(xT, Condition.Scheduled(z), StartDensity.Normal(), memoryBudget: 1);
        Sampler alone = Conditional(net, denoiser => denoiser.WithClassifierFreeGuidance(other.narrow(0, 2, 1), 2));
        DensitySample one = alone.LogDensity(xT.narrow(0, 2, 1), Condition.Scheduled(z.narrow(1, 2, 1)), StartDensity.Normal());
        Near.Equal(whole.LogDensity.narrow(0, 2, 1), one.LogDensity, 1e-12);
    }

    // Coupled states are carried in 64 bits whatever the network computes in, and leave the subspace by its rounding.
    [Fact]
    public void LogDensity_OnASubspace_TakesRexOnANetworkIn32Bits()
    {
        using var scope = NewDisposeScope();
        var subspace = Subspace.MeanFree(4, 2);
        Denoiser denoiser = Denoiser.FromFunction(
            (Tensor x, Tensor t, Tensor? z) =>
            {
                Tensor places = x.reshape(-1, 4, 2), turned = (places * 3).sin();
                return (turned - turned.mean([1L], keepdim: true)).reshape(x.shape) * 0.3;
            },
            Prediction.Noise);
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        Tensor xT = subspace.Project(StartNoise.Draw([3, 8], 1));
        DensitySample Of(Solver solver) => new Sampler(denoiser, schedule, solver, TimeGrid.UniformLogSnr(schedule, 40))
            .LogDensity(xT, null, StartDensity.Normal(), subspace);

        // Both are near the same flow.
        Near.Equal(Of(Solver.UniPc(3)).LogDensity, Of(Solver.Rex(ButcherTableau.Euler)).LogDensity, 0.2);
    }

    [Fact]
    public void LogDensity_OnASubspace_CountsItsDimensions()
    {
        // A Gaussian of variance 0.5 on the mean-free subspace: the sampler multiplies by one number.
        using var scope = NewDisposeScope();
        var subspace = Subspace.MeanFree(4, 2);
        Sampler sampler = Linear(0.5, x => x);
        Tensor xT = subspace.Project(StartNoise.Draw([3, 4, 2], 1, ScalarType.Float64));
        DensitySample sample = sampler.LogDensity(xT, null, StartDensity.Normal(), subspace);
        double factor = (sample.Sample / xT).mean().ToDouble();
        Near.Equal(xT * factor, sample.Sample, 1e-12);
        Near.Equal(full_like(sample.LogDeterminant, 6 * Math.Log(factor)), sample.LogDeterminant, 1e-12);
        Tensor logNormal = (-0.5 * xT.square().sum([1L, 2])) - (3 * Math.Log(2 * Math.PI));
        Near.Equal(logNormal - (6 * Math.Log(factor)), sample.LogDensity, 1e-12);
        DensitySample everywhere = sampler.LogDensity(xT, null, StartDensity.Normal());
        Near.Equal(full_like(sample.LogDeterminant, 8 * Math.Log(factor)), everywhere.LogDeterminant, 1e-12);
    }

    [Fact]
    public void Basis_OfMeanFreeParticles_IsOrthonormalAndMeanFree()
    {
        using var scope = NewDisposeScope();
        var subspace = Subspace.MeanFree(5, 3);
        Tensor basis = subspace.Basis(zeros(1, ScalarType.Float64));
        Assert.Equal((12, 15), (subspace.Dimension, subspace.Entries));
        Near.Equal(eye(12, dtype: ScalarType.Float64), basis.mm(basis.t()), 1e-14);
        Assert.InRange(basis.reshape(12, 5, 3).sum([1L]).abs().max().ToDouble(), 0, 1e-14);
        Near.Equal(basis, Subspace.Spanned(basis).Basis(basis), 1e-15);
    }

    [Fact]
    public void Folds_AreReported()
    {
        // One step that turns the first axis over in item 1 alone.
        using var scope = NewDisposeScope();
        var turns = Denoiser.FromFunction((x, t, z) => x * z!, Prediction.Data);
        var sampler = new Sampler(turns, NoiseSchedule.VpLinear(), Solver.Ddim(), TimeGrid.Uniform(1, 1, 0.1));
        Tensor scales = tensor(new double[] { 1, 1, -9, 1, 1, 1 }, [3, 2]);
        DensitySample sample = sampler.LogDensity(StartNoise.Draw([3, 2], 1, ScalarType.Float64), scales, StartDensity.Normal());
        Assert.Equal([1], sample.Folded);
        Assert.Equal([1, -1, 1], sample.Sign.data<double>());
    }

    [Fact]
    public void BadInput_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        Sampler sampler = Linear(0.5, x => x);
        Tensor xT = StartNoise.Draw([2, 4, 2], 1, ScalarType.Float64);
        Refuses("within 1 %", () => sampler.LogDensity(xT, null, StartDensity.Normal(80)));
        Refuses("one finite log-density", () => sampler.LogDensity(xT, null, StartDensity.FromFunction(x => x.sum())));
        Refuses("NaN or infinity", () => sampler.LogDensity(
            xT, null, StartDensity.FromFunction(x => full([2], double.NegativeInfinity, ScalarType.Float64))));
        Refuses("leave the subspace", () => sampler.LogDensity(xT, null, StartDensity.Normal(), Subspace.MeanFree(4, 2)));
        Refuses("entries an item", () => sampler.LogDensity(xT, null, StartDensity.Normal(), Subspace.MeanFree(3, 2)));
        Refuses("Probes", () => sampler.LogDensity(zeros(1, 1025, ScalarType.Float64), null, StartDensity.Normal()));
        Refuses("positive", () => sampler.LogDensity(xT, null, StartDensity.Normal(), memoryBudget: 0));
        Refuses("LogPathDensity", () => new Sampler(sampler.Denoiser, schedule, Solver.Ddpm(), sampler.Grid)
            .LogDensity(xT, null, StartDensity.Normal()));
        Refuses("orthonormal", () => Subspace.Spanned(ones(1, 3, ScalarType.Float64)));
        Refuses("at least 2", () => Subspace.MeanFree(1, 3));

        // What the network does.
        Sampler leaves = Linear(0.5, x => x + 1);
        Tensor centred = Subspace.MeanFree(4, 2).Project(xT);
        Refuses("leave the subspace", () => leaves.LogDensity(centred, null, StartDensity.Normal(), Subspace.MeanFree(4, 2)));
        var still = Denoiser.FromFunction((x, t, z) => x * 0, Prediction.Data);
        var toData = new Sampler(still, schedule, Solver.DpmSolverPlusPlus(1), TimeGrid.Uniform(4, 1, 0));
        Assert.Contains("for item 0", Assert.Throws<InvalidOperationException>(
            () => toData.LogDensity(xT, null, StartDensity.Normal())).Message);
        var draws = Denoiser.FromFunction((x, t, z) => nn.functional.dropout(x, 0.5, true), Prediction.Data);
        Assert.Contains("random numbers", Assert.Throws<InvalidOperationException>(
            () => new Sampler(draws, schedule, Solver.Ddim(), sampler.Grid).LogDensity(xT, null, StartDensity.Normal())).Message);
        var failing = Denoiser.FromFunction((x, t, z) => x / z!, Prediction.Data);
        Tensor hole = stack([ones(4, 2, ScalarType.Float64), zeros(4, 2, ScalarType.Float64)]);
        Assert.Contains("for item 1", Assert.Throws<InvalidOperationException>(
            () => new Sampler(failing, schedule, Solver.Ddim(), sampler.Grid).LogDensity(xT, hole, StartDensity.Normal())).Message);
    }

    private static void Refuses(string text, Action action) => Assert.Contains(text, Assert.Throws<InputException>(action).Message);

    private static Sampler Conditional(SmallNet net, Func<Denoiser, Denoiser>? change = null)
    {
        Denoiser denoiser = Denoiser.FromModule(net, Prediction.Noise);
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        return new Sampler(
            change is null ? denoiser : change(denoiser), schedule, Solver.DpmSolverPlusPlus(), TimeGrid.UniformLogSnr(schedule, 6));
    }

    // The exact data prediction of a Gaussian of a variance, changed.
    private static Sampler Linear(double variance, Func<Tensor, Tensor> change)
    {
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var denoiser = Denoiser.FromFunction(
            (Tensor x, Tensor t, Tensor? z) =>
            {
                double alpha = schedule.Alpha(t[0].ToDouble()), sigma = schedule.Sigma(t[0].ToDouble());
                return change(x * (alpha * variance / ((alpha * alpha * variance) + (sigma * sigma))));
            },
            Prediction.Data);
        return new Sampler(denoiser, schedule, Solver.DpmSolverPlusPlus(), TimeGrid.UniformLogSnr(schedule, 8));
    }
}
