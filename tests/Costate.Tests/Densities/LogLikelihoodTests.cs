using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class LogLikelihoodTests
{
    private static readonly Solver Fifth = Solver.ExponentialRungeKutta(ButcherTableau.DormandPrince);

    [Theory]
    [InlineData(LikelihoodWay.Trace)]
    [InlineData(LikelihoodWay.Jacobian)]
    public void Likelihood_IntegratesToOne(LikelihoodWay way)
    {
        using var scope = NewDisposeScope();
        CorrelatedMixture mixture = CorrelatedMixture.Small();

        // The rectangle rule errs by exp(-2 (pi s/h)^2) for deviations s of 0.36 and more.
        Tensor axis = arange(-4, 4.01, 0.2, dtype: ScalarType.Float64);
        Tensor points = stack([.. meshgrid([axis, axis], indexing: "ij").Select(side => side.reshape(-1))], 1);
        DataLikelihood likelihood = mixture.Sampler(Fifth, 20)
            .LogLikelihood(points, null, mixture.Start, new LikelihoodOptions { Way = way });
        Assert.InRange(likelihood.LogDensity.exp().sum().ToDouble() * 0.04, 0.999, 1.001);
        Assert.Equal(0, likelihood.StandardError.max().ToDouble());

        // And is that of the model, where it is not small.
        Tensor truth = mixture.LogDensity(points, 1e-3);
        Tensor far = (likelihood.LogDensity - truth).abs() * (truth > -8).to(ScalarType.Float64);
        Assert.InRange(far.max().ToDouble(), 0, 0.2);
    }

    [Theory]
    [MemberData(nameof(Solvers.Deterministic), MemberType = typeof(Solvers))]
    public void Trace_OfAnySolver_ApproachesTheModel(string name)
    {
        using var scope = NewDisposeScope();
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        Tensor data = mixture.Draw(16, 1e-3, 5);
        Tensor truth = mixture.LogDensity(data, 1e-3);
        double Error(int steps)
        {
            Tensor found = mixture.Sampler(Solvers.Named(name), steps).LogLikelihood(data, null, mixture.Start).LogDensity;
            return (found - truth).square().mean().sqrt().ToDouble();
        }

        // Methods of order 1 halve their error, others do better.
        (double few, double many) = (Error(40), Error(80));
        Assert.True(many < 0.75 * few || many < 1e-6, $"{few:G3} at 40 steps, {many:G3} at 80");
    }

    [Fact]
    public void Trace_OfARectifiedFlow_IsThatOfItsGaussian()
    {
        using var scope = NewDisposeScope();
        var flow = Denoiser.FromFunction(
            (Tensor x, Tensor t, Tensor? z) =>
            {
                // Of a Gaussian of variance 1/4: E[eps - x0 | x].
                double s = t[0].ToDouble(), a = 1 - s;
                return x * ((s - (0.25 * a)) / ((0.25 * a * a) + (s * s)));
            },
            Prediction.Flow);
        var sampler = new Sampler(flow, NoiseSchedule.RectifiedFlow(), Solver.Heun(), TimeGrid.Uniform(400, 1, 0));
        Tensor data = StartNoise.Draw([4, 3], 1, ScalarType.Float64) / 2;
        Tensor truth = (-2 * data.square().sum([1L])) - (1.5 * Math.Log(2 * Math.PI / 4));
        Near.Equal(truth, sampler.LogLikelihood(data, null, StartDensity.Normal()).LogDensity, 1e-4);
    }

    [Fact]
    public void Probes_HaveTheStandardErrorThatTheyTell()
    {
        using var scope = NewDisposeScope();
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        Sampler sampler = mixture.Sampler(Solver.ExponentialRungeKutta(ButcherTableau.Rk4), 8);
        Tensor data = mixture.Draw(1, 1e-3, 5).expand(300, 2);
        double exact = sampler.LogLikelihood(data.narrow(0, 0, 1), null, mixture.Start).LogDensity.ToDouble();
        DataLikelihood probed = sampler.LogLikelihood(data, null, mixture.Start, new LikelihoodOptions { Probes = 8, Seed = 4 });
        double told = probed.StandardError.square().mean().sqrt().ToDouble();
        double seen = (probed.LogDensity - exact).square().mean().sqrt().ToDouble();
        Assert.True(told > 1e-3);

        // The deviation of 300 draws is known to 4 %.
        Assert.InRange(seen / told, 0.85, 1.15);
        Assert.InRange(Math.Abs((probed.LogDensity - exact).mean().ToDouble()), 0, 3.5 * told / Math.Sqrt(300));
        Tensor one = sampler.LogLikelihood(
            data.narrow(0, 7, 1), null, mixture.Start, new LikelihoodOptions { Probes = 8, Seed = NoiseSeeds.OfItems(9) }).LogDensity;
        Tensor among = sampler.LogLikelihood(
            data.narrow(0, 0, 2), null, mixture.Start, new LikelihoodOptions { Probes = 8, Seed = NoiseSeeds.OfItems(1, 9) }).LogDensity;
        Near.Equal(one, among.narrow(0, 1, 1), 1e-13);
        Assert.True(double.IsNaN(sampler.LogLikelihood(
            data.narrow(0, 0, 1), null, mixture.Start, new LikelihoodOptions { Probes = 1 }).StandardError.ToDouble()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(3)]
    public void Gradient_IsThatOfTheNumberComputed(int? probes)
    {
        using var scope = NewDisposeScope();
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        Sampler sampler = mixture.Sampler(Solver.ExponentialRungeKutta(ButcherTableau.Midpoint), 6);
        Tensor data = mixture.Draw(3, 1e-3, 5), direction = StartNoise.Draw([3, 2], 8, ScalarType.Float64);
        var options = new LikelihoodOptions { Probes = probes, Seed = 2, MemoryBudget = 200 };
        Tensor At(Tensor x) => sampler.LogLikelihood(x, null, mixture.Start, options).LogDensity;
        DataLikelihood with = sampler.LogLikelihood(data, null, mixture.Start, options with { Gradient = true });
        Near.Equal(At(data), with.LogDensity, 1e-12);

        // The run's 12 evaluations, and one with a graph for each part of the copies where a stage has a weight.
        int parts = probes is null ? 2 : 3;
        Assert.Equal((12 + (6 * parts), 6 * parts), (with.Cost.NetworkEvaluations, with.Cost.VectorJacobianProducts));
        double expected = Near.DirectionalDerivative(() => data, At, data, direction);
        Assert.Equal(expected, (with.Gradient! * direction).sum().ToDouble(), 1e-6 * Math.Abs(expected));
    }

    [Fact]
    public void Subspace_IsThatOfParticles()
    {
        // Of a Gaussian the likelihood is known; exact steps of RK4 are not, but nearly.
        using var scope = NewDisposeScope();
        const double variance = 0.5;
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var denoiser = Denoiser.FromFunction(
            (Tensor x, Tensor t, Tensor? z) =>
            {
                (double alpha, double sigma) = (schedule.Alpha(t[0].ToDouble()), schedule.Sigma(t[0].ToDouble()));
                return x * (alpha * variance / ((alpha * alpha * variance) + (sigma * sigma)));
            },
            Prediction.Data);
        var sampler = new Sampler(denoiser, schedule, Fifth, TimeGrid.UniformLogSnr(schedule, 40));
        var subspace = Subspace.MeanFree(3, 2);
        Tensor data = subspace.Project(StartNoise.Draw([2, 3, 2], 1, ScalarType.Float64)) * Math.Sqrt(variance);
        (double a, double s) = (schedule.Alpha(1e-3), schedule.Sigma(1e-3));
        double spread = (a * a * variance) + (s * s);
        Tensor truth = (-0.5 / spread * data.square().sum([1L, 2])) - (2 * Math.Log(2 * Math.PI * spread));
        foreach (LikelihoodWay way in Enum.GetValues<LikelihoodWay>())
        {
            var options = new LikelihoodOptions { Way = way, Subspace = subspace };
            Near.Equal(truth, sampler.LogLikelihood(data, null, StartDensity.Normal(), options).LogDensity, 1e-3);
        }

        DataLikelihood probed = sampler.LogLikelihood(
            data, null, StartDensity.Normal(), new LikelihoodOptions { Subspace = subspace, Probes = 2 });

        // Of a multiple of the identity a probe of signs is exact.
        Near.Equal(truth, probed.LogDensity, 1e-3);
        Assert.InRange(probed.StandardError.max().ToDouble(), 0, 1e-9);
    }

    [Fact]
    public void BadInput_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        Tensor data = mixture.Draw(2, 1e-3, 5);
        Refuses("two coupled states", Solver.Rex(ButcherTableau.Rk4));
        Refuses("deterministic", Solver.Ddpm());
        Refuses("at least 1", Fifth, new LikelihoodOptions { Probes = 0 });
        Refuses("not probed", Fifth, new LikelihoodOptions { Way = LikelihoodWay.Jacobian, Probes = 2 });
        Refuses("not probed", Fifth, new LikelihoodOptions { Way = LikelihoodWay.Jacobian, Gradient = true });
        Refuses("positive", Fifth, new LikelihoodOptions { MemoryBudget = 0 });
        Refuses("within 1 %", Fifth, start: StartDensity.Normal(3));
        Refuses("leave the subspace", Fifth, new LikelihoodOptions { Subspace = Subspace.MeanFree(2, 1) });

        // To pure noise, where the signal that noise prediction divides by is gone.
        var toNoise = new Sampler(
            Denoiser.FromFunction((x, t, z) => x, Prediction.Flow), NoiseSchedule.RectifiedFlow(), Solver.Ddim(), TimeGrid.Uniform(4));
        Assert.Contains("ends of the grid", Assert.Throws<InputException>(
            () => toNoise.LogLikelihood(data, null, StartDensity.Normal())).Message);

        void Refuses(string text, Solver solver, LikelihoodOptions? options = null, StartDensity? start = null) =>
            Assert.Contains(text, Assert.Throws<InputException>(
                () => mixture.Sampler(solver, 4).LogLikelihood(data, null, start ?? mixture.Start, options)).Message);
    }

    [Fact]
    public void BitsPerDimension_OfUniformPixels_AreTheirBits()
    {
        // Pixels of a density of 1/2 on [-1, 1): 8 bits of 256 levels, 3 of 8.
        using var scope = NewDisposeScope();
        Tensor logDensity = full([2], -3 * Math.Log(2), ScalarType.Float64);
        var flat = new DataLikelihood(logDensity, logDensity, zeros(2, 3), logDensity, new GradientCost(0, 0, 0, 0));
        Near.Equal(full([2], 8.0, ScalarType.Float64), UniformDequantization.BitsPerDimension(flat), 1e-14);
        Near.Equal(full([2], 3.0, ScalarType.Float64), UniformDequantization.BitsPerDimension(flat, 8), 1e-14);
    }

    [Fact]
    public void Dequantization_StaysWithinItsLevel()
    {
        using var scope = NewDisposeScope();
        Tensor pixels = arange(0, 256, ScalarType.Int64).reshape(2, 128).to(ScalarType.Byte);
        Tensor data = UniformDequantization.Apply(pixels, 3, dtype: ScalarType.Float64);
        Tensor inside = ((data + 1) * 128) - pixels.to(ScalarType.Float64);
        Assert.True(inside.min().ToDouble() >= 0 && inside.max().ToDouble() < 1);

        // Uniform: a mean of 256 numbers of deviation 0.29.
        Assert.InRange(inside.mean().ToDouble(), 0.43, 0.57);
        Assert.Contains("from 0 to 255", Assert.Throws<InputException>(() => UniformDequantization.Apply(zeros(1, 2) - 1)).Message);
        Assert.Contains("whole", Assert.Throws<InputException>(() => UniformDequantization.Apply(zeros(1, 2) + 0.5)).Message);
        Assert.Contains("at least 2", Assert.Throws<InputException>(() => UniformDequantization.Apply(zeros(1, 2), levels: 1)).Message);
    }
}
