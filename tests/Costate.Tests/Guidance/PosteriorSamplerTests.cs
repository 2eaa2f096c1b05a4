using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class PosteriorSamplerTests
{
    private static readonly ulong[] Seeds = [5, 6, 7];

    private static readonly Dictionary<string, Func<PosteriorMethod>> Methods = new()
    {
        ["pigdm"] = () => PosteriorMethod.PiGdm(),
        ["pigdm-additive"] = () => PosteriorMethod.PiGdm(eta: 0.5, additive: true),
        ["tmpd"] = () => PosteriorMethod.Tmpd(),
        ["ddnm"] = () => PosteriorMethod.Ddnm(),
        ["ddnm-plus"] = PosteriorMethod.DdnmPlus,
        ["diffpir"] = () => PosteriorMethod.DiffPir(xi: 0.5),
        ["flowdps"] = () => PosteriorMethod.FlowDps(0.1),
    };

    private static readonly Dictionary<string, Func<AnnealedMethod>> Annealed = new()
    {
        ["daps"] = () => AnnealedMethod.Daps(20),
        ["daps-langevin"] = () => AnnealedMethod.Daps(20, langevinSteps: 20, langevinRate: 1e-3),
        ["pnp-dm"] = () => AnnealedMethod.PnpDm(20, steps: 5),
        ["pnp-flow"] = () => AnnealedMethod.PnpFlow(steps: 20, draws: 2),
    };

    public static TheoryData<string> All => [.. Methods.Keys, .. Annealed.Keys];

    [Theory]
    [MemberData(nameof(All))]
    public void Samples_AgreeWithTheMeasurement_AndDoNotDependOnTheirBatch(string name)
    {
        using var scope = NewDisposeScope();
        GuidedSample all = Sample(name, [0, 1, 2]), one = Sample(name, [1]);
        Near.Equal(all.Sample.narrow(0, 1, 1), one.Sample, 1e-9);
        Assert.Empty(all.Diverged);

        // Unguided residuals of the same starts are of the order of 1.
        Tensor unguided = CorrelatedMixture.Small().Sampler(Solver.Ddim(), 20).Sample(Start([0, 1, 2]));
        double before = Measure([0, 1, 2]).SquaredNorm(unguided).mean().ToDouble(), after = all.Loss.mean().ToDouble();
        Assert.True(after < 0.6 * before, $"{before} before, {after} after");
        Near.Equal(Measure([0, 1, 2]).SquaredNorm(all.Sample), all.Loss, 1e-12);
    }

    [Fact]
    public void FlowDps_IsThePublishedUpdate()
    {
        using var scope = NewDisposeScope();
        (double s, double next) = (0.6, 0.5);
        Tensor z = Start([0, 1]), v = z.tanh(), n = StartNoise.Draw([2, 2], 8, ScalarType.Float64);
        Tensor z0 = z - (s * v), z1 = z + ((1 - s) * v), moved = z0;
        for (int i = 0; i < 3; i++)
        {
            Tensor residual = Measure([0, 1]).Observation - moved.mm(Matrix().t());
            moved += 0.2 * (residual / residual.norm(1, keepdim: true, 2)).mm(Matrix());
        }

        Tensor mixed = ((1 - s) * z0) + (s * moved), noise = (Math.Sqrt(next) * z1) + (Math.Sqrt(1 - next) * n);
        var flow = Denoiser.FromFunction((x, t, c) => x.tanh(), Prediction.Flow);
        (Sampler sampler, GuidedStep[] steps) =
            PosteriorSampler.Prepared(flow, NoiseSchedule.RectifiedFlow(), TimeGrid.FromTimes([s, next]), 0);
        var step = new PosteriorStep(sampler.Checked(z, null, null, null, default), steps[0], z, Measure([0, 1]), () => n);
        Near.Equal(mixed + (next * (noise - mixed)), PosteriorMethod.FlowDps(0.2).Take(step).Next, 1e-12);
    }

    [Fact]
    public void FlowChef_IsThePublishedUpdate()
    {
        using var scope = NewDisposeScope();
        (double s, double next) = (0.6, 0.5);
        Tensor z = Start([0, 1]), v = z.tanh();
        Tensor z0 = z - (s * v), z1 = z + ((1 - s) * v), residual = Measure([0, 1]).Observation - z0.mm(Matrix().t());
        Tensor gradient = -2 * residual.mm(Matrix());
        var flow = Denoiser.FromFunction((x, t, c) => x.tanh(), Prediction.Flow);
        var sampler = new GuidedSampler(
            flow, NoiseSchedule.RectifiedFlow(), TimeGrid.FromTimes([s, next]), GuidancePreset.FlowChef(0.3));
        Near.Equal(z0 + (next * (z1 - z0)) - (0.3 * gradient), sampler.Sample(z, null, Measure([0, 1]).SquaredNorm).Sample, 1e-12);
    }

    [Fact]
    public void PnpFlow_IsThePublishedUpdate()
    {
        using var scope = NewDisposeScope();
        var flow = Denoiser.FromFunction((x, t, c) => x.tanh(), Prediction.Flow);
        Tensor x = Start([0, 1]);
        var noise = new PerStepNoise(3);
        int draw = 0;
        foreach (double s in new[] { 0.75, 0.5, 0.25 })
        {
            Tensor moved = x - (0.4 * s * s * (x.mm(Matrix().t()) - Measure([0, 1]).Observation).mm(Matrix()));
            Tensor[] predicted =
            [
                .. Enumerable.Range(0, 2).Select(_ =>
                {
                    Tensor xt = ((1 - s) * moved) + (s * noise.Draw(draw++, [2, 2], ScalarType.Float64, CPU));
                    return xt - (s * xt.tanh());
                }),
            ];
            x = (predicted[0] + predicted[1]) / 2;
        }

        var sampler = new AnnealedSampler(flow, NoiseSchedule.RectifiedFlow(), AnnealedMethod.PnpFlow(0.4, 3, 2, 2));
        Near.Equal(x, sampler.Sample(Start([0, 1]), null, Measure([0, 1]), 3).Sample, 1e-12);
    }

    [Fact]
    public void Daps_ByLangevin_IsTheExactDrawInTheLimit()
    {
        // Of one level on a Gaussian: the mean and deviation over 2000 items.
        using var scope = NewDisposeScope();
        Tensor start = StartNoise.Draw([2000, 2], 3, ScalarType.Float64);
        var measurement = new Measurement(LinearOperator.FromMatrix(Matrix()), full([1, 1], 0.4, ScalarType.Float64), 0.5);
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        Tensor Draw(AnnealedMethod method) =>
            new AnnealedSampler(mixture.Denoiser(), mixture.Schedule, method).Sample(start, null, measurement, 4).Sample;
        Tensor exact = Draw(AnnealedMethod.Daps(2, 0.8, 0.5)), langevin = Draw(AnnealedMethod.Daps(2, 0.8, 0.5, 5, 150, 0.02));
        Assert.InRange((exact.mean([0L]) - langevin.mean([0L])).abs().max().ToDouble(), 0, 0.08);
        Near.Equal(exact.std(0), langevin.std(0), 0.08);
    }

    [Fact]
    public void BadInput_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        Refuses("in [0, 1]", () => PosteriorMethod.PiGdm(eta: 2));
        Refuses("Isotropic", () => PosteriorMethod.PiGdm(DataCovariance.FromJacobian(), additive: true));
        Refuses("positive", () => DataCovariance.Isotropic(0));
        Refuses("two items", () => DataCovariance.VarianceOf(ones(1, 2)));
        Refuses("positive", () => PosteriorMethod.DiffPir(0));
        Refuses("positive", () => PosteriorMethod.FlowDps(-1));
        Refuses("falling", () => AnnealedMethod.Daps(first: 1, last: 2));
        Refuses("between 0 and 1", () => AnnealedMethod.PnpDm(decay: 1));
        Refuses("at least 1", () => AnnealedMethod.PnpFlow(draws: 0));
        Assert.Contains("Start the grid later", Assert.Throws<InvalidOperationException>(() => new PosteriorSampler(
            mixture.Denoiser(), NoiseSchedule.RectifiedFlow(), TimeGrid.Uniform(4), PosteriorMethod.PiGdm())).Message);

        // An operator without singular vectors, and one that sees too much for a Jacobian.
        LinearOperator own = LinearOperator.FromFunctions(x => x, y => y);
        Refuses("FromMatrix", () => Run(PosteriorMethod.DdnmPlus(), own, 2));
        Refuses("at most 256", () => Run(PosteriorMethod.Tmpd(), LinearOperator.Identity(), 300));
        Assert.Contains("must agree", Assert.Throws<ArgumentException>(
            () => Run(PosteriorMethod.PiGdm(), LinearOperator.Identity(), 2, entries: 3)).Message);

        void Run(PosteriorMethod method, LinearOperator a, int size, int? entries = null) => new PosteriorSampler(
            Denoiser.FromFunction((x, t, z) => x, Prediction.Noise), mixture.Schedule, mixture.Grid(3), method)
            .Sample(ones(1, size), null, new Measurement(a, ones(1, entries ?? size), 0.1));
    }

    [Fact]
    public void Item_ThatDiverges_IsReported()
    {
        using var scope = NewDisposeScope();
        var bad = Denoiser.FromFunction((x, t, z) => x / z!, Prediction.Noise);
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        var sampler = new PosteriorSampler(bad, mixture.Schedule, mixture.Grid(4), PosteriorMethod.Ddnm());
        Tensor hole = tensor(new double[] { 1, 1, 0, 0 }, [2, 2]);
        GuidedSample sample = sampler.Sample(Start([0, 1]), hole, Measure([0, 1]), Seeds[..2]);
        Assert.Equal([1], sample.Diverged.Select(item => item.Item));
        Assert.True(double.IsNaN(sample.Loss[1].ToDouble()) && double.IsFinite(sample.Loss[0].ToDouble()));
    }

    private static void Refuses(string text, Action action) => Assert.Contains(text, Assert.Throws<InputException>(action).Message);

    private static Tensor Matrix() => tensor(new double[] { 0.8, -0.5 }, [1, 2]);

    private static Measurement Measure(int[] items) => new(
        LinearOperator.FromMatrix(Matrix()), tensor([.. items.Select(i => 0.5 - i)], [items.Length, 1]), 0.1);

    private static Tensor Start(int[] items) => cat([.. items.Select(i => StartNoise.Draw([1, 2], (ulong)i, ScalarType.Float64))], 0);

    private static GuidedSample Sample(string name, int[] items)
    {
        CorrelatedMixture mixture = CorrelatedMixture.Small();
        NoiseSeeds seeds = NoiseSeeds.OfItems(items.Select(i => Seeds[i]));
        return Methods.TryGetValue(name, out Func<PosteriorMethod>? method)
            ? new PosteriorSampler(mixture.Denoiser(), mixture.Schedule, mixture.Grid(20), method())
                .Sample(Start(items), null, Measure(items), seeds)
            : new AnnealedSampler(mixture.Denoiser(), mixture.Schedule, Annealed[name]())
                .Sample(Start(items), null, Measure(items), seeds);
    }
}
