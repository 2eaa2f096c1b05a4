using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class LogPathDensityTests
{
    private readonly Solver large = Solver.Ddpm(largeVariance: true);

    [Fact]
    public void MeanWeight_OnTheLargeVariance_IsOne()
    {
        using var scope = NewDisposeScope();
        ImportanceWeights weights = Weights(large, 40);
        Assert.InRange(Math.Abs(weights.LogZ), 0, 3 * weights.LogZError);
        Assert.InRange(weights.EffectiveFraction, 0.5, 1);

        // The control: the posterior's variance leaves a few samples all the weight.
        Assert.InRange(Weights(Solver.Ddpm(), 40).EffectiveFraction, 0, 0.1);
    }

    [Theory]
    [MemberData(nameof(Solvers.Stochastic), MemberType = typeof(Solvers))]
    public void Solver_IsTakenOrRefusedByName(string name)
    {
        using var scope = NewDisposeScope();
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        Tensor xT = mixture.Draw(2, 1, 3);
        Sampler sampler = mixture.Sampler(Solvers.Named(name), 5);
        bool oneVector = sampler.Table.NoiseIntervals.Count == 5 && sampler.Table.Rows.Count(row => row.Inputs.Count > 0) == 5;
        if (!oneVector)
        {
            Assert.Contains("one noise vector", Assert.Throws<InputException>(
                () => sampler.LogPathDensity(xT, null, BrownianPath.PerStep(1), mixture.Start)).Message);
            return;
        }

        PathSample sample = sampler.LogPathDensity(xT, null, BrownianPath.PerStep(1), mixture.Start);
        Near.Equal(sampler.Sample(xT, null, BrownianPath.PerStep(1)), sample.Sample, 0);
        Assert.Equal([5, 2], sample.Increments.shape);
    }

    [Fact]
    public void BadInput_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        Tensor xT = mixture.Draw(2, 1, 3);
        Assert.Contains("LogDensity has", Assert.Throws<InputException>(
            () => mixture.Sampler(Solver.Ddim(), 4).LogPathDensity(xT, null, BrownianPath.PerStep(1), mixture.Start)).Message);
        var toData = new Sampler(mixture.Denoiser(), mixture.Schedule, Solver.Ddpm(), TimeGrid.Uniform(4, 1, 0));
        Assert.Contains("ends after time 0", Assert.Throws<InputException>(
            () => toData.LogPathDensity(xT, null, BrownianPath.PerStep(1), mixture.Start)).Message);
        Assert.Contains("within 1 %", Assert.Throws<InputException>(
            () => mixture.Sampler(large, 4).LogPathDensity(xT, null, BrownianPath.PerStep(1), StartDensity.Normal(2))).Message);
    }

    // A Gaussian of deviation 0.6 on configurations whose mean is 0, under its own perfect network.
    [Fact]
    public void MeanWeight_OnASubspace_IsOne()
    {
        using var scope = NewDisposeScope();
        var subspace = Subspace.MeanFree(4, 2);
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        double Variance(double t) => (0.36 * Math.Pow(schedule.Alpha(t), 2)) + Math.Pow(schedule.Sigma(t), 2);
        var sampler = new Sampler(
            Denoiser.FromFunction(
                (Tensor x, Tensor t, Tensor? z) => x * (schedule.Sigma(t[0].item<double>()) / Variance(t[0].item<double>())),
                Prediction.Noise),
            schedule,
            large,
            TimeGrid.UniformLogSnr(schedule, 40));
        Tensor xT = subspace.Project(StartNoise.Draw([1000, 8], 1, ScalarType.Float64));
        PathSample sample = sampler.LogPathDensity(xT, null, BrownianPath.PerStep(2), StartDensity.Normal(), subspace);
        double last = Variance(sampler.Grid.End);
        Tensor target = (-0.5 / last * sample.Sample.square().sum([1L])) - (3 * Math.Log(2 * Math.PI * last));
        var weights = new ImportanceWeights(target - sample.LogDensity);
        Assert.InRange(Math.Abs(weights.LogZ), 0, 4 * weights.LogZError);
        Assert.InRange(weights.EffectiveFraction, 0.2, 1);
        Near.Equal(subspace.Project(sample.Sample), sample.Sample, 1e-12);

        // The control: paths that leave it are no samples of anything on it.
        Assert.Contains("leave the subspace", Assert.Throws<InputException>(
            () => sampler.LogPathDensity(xT + 1, null, BrownianPath.PerStep(2), StartDensity.Normal(), subspace)).Message);
    }

    private static ImportanceWeights Weights(Solver solver, int steps)
    {
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        PathSample sample = mixture.Sampler(solver, steps)
            .LogPathDensity(mixture.Draw(2000, 1, 3), null, BrownianPath.PerStep(7), mixture.Start);
        return new ImportanceWeights(mixture.LogDensity(sample.Sample, 1e-3) - sample.LogDensity);
    }
}
