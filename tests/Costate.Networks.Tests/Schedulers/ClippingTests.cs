using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class ClippingTests
{
    public static TheoryData<string, string> Configurations() => new()
    {
        { "DDIMScheduler", "\"clip_sample_range\": 0.6" },
        { "DDIMScheduler", "\"thresholding\": true, \"dynamic_thresholding_ratio\": 0.5, \"sample_max_value\": 1.2" },
        { "DDPMScheduler", "\"clip_sample_range\": 0.6" },
        { "CMStochasticIterativeScheduler", "\"sigma_data\": 0.5" },
        { "DPMSolverMultistepScheduler", "\"thresholding\": true, \"dynamic_thresholding_ratio\": 0.5, \"sample_max_value\": 1.2" },
    };

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Gradient_GoesThroughTheClipping(string scheduler, string options)
    {
        using var scope = NewDisposeScope();
        Sampler sampler = NewSampler(scheduler, options, out ScheduledSampling run);
        Tensor start = StartNoise.Draw([3, 4], 5, ScalarType.Float64);
        BrownianPath noise = BrownianPath.PerStep(3);

        SampleGradient unrolled = sampler.Gradient(start, null, x => x.square().sum(1), GradientMethod.Unrolled(), noise);
        SampleGradient discrete = sampler.Gradient(start, null, x => x.square().sum(1), GradientMethod.Discrete(), noise);

        Near.Equal(unrolled.StartNoise, discrete.StartNoise, 1e-12);

        // It is another sampler without the clipping, or this proves nothing.
        Tensor plain = new Sampler(Network(), run.Schedule, run.Solver, run.Grid).Sample(start, noise: noise);
        Assert.True((plain - sampler.Sample(start, noise: noise)).abs().max().item<double>() > 1e-3);
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Items_AreClippedForThemselves(string scheduler, string options)
    {
        using var scope = NewDisposeScope();
        Sampler sampler = NewSampler(scheduler, options, out _);
        Tensor start = StartNoise.Draw([3, 4], 5, ScalarType.Float64) * tensor(new[] { 1.0, 5.0, 0.1 }).unsqueeze(1);
        BrownianPath noise = BrownianPath.PerStep(NoiseSeeds.OfItems(5, 6, 7));

        Tensor whole = sampler.Sample(start, noise: noise);

        Near.Equal(whole.narrow(0, 1, 1), sampler.Sample(start.narrow(0, 1, 1), noise: BrownianPath.PerStep(NoiseSeeds.OfItems(6))), 0);
    }

    [Fact]
    public void WithoutClipping_TheNetworkIsItself()
    {
        Denoiser network = Network();
        Assert.Same(network, TestConfiguration.Parse("DDIMScheduler", "\"clip_sample\": false").ForSteps(5).Clipped(network));
    }

    [Theory]
    [InlineData("\"thresholding\": true, \"dynamic_thresholding_ratio\": 1.5")]
    [InlineData("\"thresholding\": true, \"sample_max_value\": 0.5")]
    [InlineData("\"clip_sample_range\": 0")]
    public void Limits_ThatMakeNoSense_AreRefused(string options) => Assert.Contains(
        "they must be positive",
        Assert.Throws<SchedulerConfigurationException>(
            () => SchedulerConfiguration.Parse(TestConfiguration.Json("DDIMScheduler", options), ignoreClipping: true)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void LevelsThatTheNetworkCannotTellApart_AreClippedEachAtItsOwn()
    {
        using var scope = NewDisposeScope();
        string json = TestConfiguration.Json("DPMSolverMultistepScheduler", "\"thresholding\": true", "\"use_karras_sigmas\": true");
        ScheduledSampling run = SchedulerConfiguration.Parse(json, ignoreClipping: true).ForSteps(200);
        Assert.True(run.Grid.NetworkTimes.Distinct().Count() < run.Grid.NetworkTimes.Count);
        Denoiser network = Network();
        Denoiser clipped = run.Clipped(network);
        Tensor x = StartNoise.Draw([1, 3, 4, 4], 2, ScalarType.Float64);
        int same = Enumerable.Range(0, run.Grid.Steps - 1).First(i => run.Grid.NetworkTimes[i] == run.Grid.NetworkTimes[i + 1]);
        foreach (int i in new[] { same, same + 1 })
        {
            SchedulePoint at = SchedulePoint.At(run.Schedule, run.Grid.Times[i]);
            Tensor noise = network.Call(x, at.Time, run.Grid.NetworkTimes[i], null, x.dtype);
            Near.Equal(
                run.Clipping!.Apply((x - (at.Sigma * noise)) / at.Alpha),
                clipped.Call(x, at.Time, run.Grid.NetworkTimes[i], null, x.dtype),
                1e-12);
        }
    }

    // Steps as diffusers writes them, on data itself; the file clips unless it says otherwise.
    [Fact]
    public void ConsistencyModel_ClipsWhatItsBoundaryMakes()
    {
        using var scope = NewDisposeScope();
        const double Least = 0.002, Most = 80, Data = 0.5, Rho = 7;
        SchedulerConfiguration configuration = SchedulerConfiguration.Parse(
            TestConfiguration.Json("CMStochasticIterativeScheduler"), ignoreClipping: true);
        ScheduledSampling run = configuration.ForSteps(3);
        Denoiser network = Denoiser.FromFunction(
            (y, t, _) => F(y), configuration.Prediction, configuration.TimeScale, configuration.TrainingTimesteps);
        Tensor start = StartNoise.Draw([2, 6], 5, ScalarType.Float64), noise = StartNoise.Draw([3, 2, 6], 6, ScalarType.Float64);
        double[] levels = [.. new[] { 0, 13 / 39.0, 26 / 39.0 }.Select(Karras), Least];
        Tensor x = start * Length(Most);
        int cut = 0;
        for (int i = 0; i < 3; i++)
        {
            double above = levels[i] - Least;
            Tensor ofNetwork = F(x / Length(levels[i])) * (above * Data / Length(levels[i]));
            Tensor made = ofNetwork + (x * (Data * Data / ((above * above) + (Data * Data))));
            cut += (int)made.abs().gt(1).sum().item<long>();
            x = made.clamp(-1, 1) + (noise[i] * Math.Sqrt(Math.Max(0, (levels[i + 1] * levels[i + 1]) - (Least * Least))));
        }

        Assert.InRange(cut, 5, 31);
        var sampler = new Sampler(run.Clipped(network), run.Schedule, run.Solver, run.Grid);
        // At a noise of 80 the boundary is a difference of numbers that are larger by 4 digits.
        Near.Equal(x, sampler.Sample(start, noise: BrownianPath.Recorded(noise)) * run.SampleScale, 1e-9);

        static Tensor F(Tensor y) => (3 * y.tanh()) + (0.2 * y);
        static double Length(double level) => Math.Sqrt((level * level) + (Data * Data));
        static double Karras(double fraction) =>
            Math.Pow(Math.Pow(Most, 1 / Rho) + (fraction * (Math.Pow(Least, 1 / Rho) - Math.Pow(Most, 1 / Rho))), Rho);
    }

    private static Sampler NewSampler(string scheduler, string options, out ScheduledSampling run)
    {
        run = SchedulerConfiguration.Parse(TestConfiguration.Json(scheduler, options), ignoreClipping: true).ForSteps(6);
        return new Sampler(run.Clipped(Network()), run.Schedule, run.Solver, run.Grid);
    }

    private static Denoiser Network() =>
        Denoiser.FromFunction((x, t, _) => (0.5 * x.tanh()) + (0.2 * x), Prediction.Noise, trainingTimesteps: 1000);
}
