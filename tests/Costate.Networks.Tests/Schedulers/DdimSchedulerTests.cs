using TorchSharp;
using static Costate.Networks.Tests.DirectSchedule;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>DDIM, its inversion and DDPM on training steps, for numbers of steps that do not divide those of training.</summary>
public sealed class DdimSchedulerTests
{
    private const string NoClipping = "\"clip_sample\": false";

    public static TheoryData<string, int, bool, int> Runs => new MatrixTheoryData<string, int, bool, int>(
        ["leading", "trailing", "linspace"], [1, 3, 7, 15, 30, 64, 999, 1000], [false, true], [0, 1]);

    [Theory]
    [MemberData(nameof(Runs))]
    public void Ddim_FollowsTheStrideOfDiffusers(string spacing, int steps, bool setAlphaToOne, int offset)
    {
        if (spacing == "leading" && offset == 1 && steps == 1000)
        {
            // Timestep 1000 does not exist.
            return;
        }

        double[] timesteps = Timesteps(spacing, steps, offset);
        double[] alphas = ScaledLinear.AlphasCumprod;
        double final = setAlphaToOne ? 1 : alphas[0];

        // x_prev = sqrt(a_prev) x0 + sqrt(1 - a_prev) eps, with a_prev a whole stride down wherever the next timestep is.
        double x = 1;
        foreach (double t in timesteps)
        {
            double a = alphas[(int)t];
            double previous = t - (1000 / steps) >= 0 ? alphas[(int)t - (1000 / steps)] : final;
            double eps = Network(x, t);
            x = (Math.Sqrt(previous) * (x - (Math.Sqrt(1 - a) * eps)) / Math.Sqrt(a)) + (Math.Sqrt(1 - previous) * eps);
        }

        CheckSample(x, "DDIMScheduler", steps, spacing, setAlphaToOne, offset);
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void DdimInverse_FollowsTheStrideOfDiffusers(string spacing, int steps, bool setAlphaToOne, int offset)
    {
        if (spacing == "linspace" || (spacing == "leading" && offset == 1 && steps == 1000))
        {
            return;
        }

        double[] timesteps = [.. Timesteps(spacing, steps, offset).Reverse()];
        double[] alphas = ScaledLinear.AlphasCumprod;
        double initial = setAlphaToOne ? 1 : alphas[0];
        double x = 1;
        foreach (double t in timesteps)
        {
            double source = t - (1000 / steps) >= 0 ? alphas[(int)t - (1000 / steps)] : initial;
            double target = alphas[(int)t];
            double eps = Network(x, t);
            x = (Math.Sqrt(target) * (x - (Math.Sqrt(1 - source) * eps)) / Math.Sqrt(source)) + (Math.Sqrt(1 - target) * eps);
        }

        CheckSample(x, "DDIMInverseScheduler", steps, spacing, setAlphaToOne, offset);
    }

    [Theory]
    [InlineData("leading", 7, 0, "852,710,568,426,284,142,0")]
    [InlineData("leading", 4, 3, "753,503,253,3")]
    [InlineData("trailing", 4, 0, "999,749,499,249")]
    [InlineData("trailing", 3, 0, "999,666,332")]
    [InlineData("linspace", 4, 0, "999,666,333,0")]
    [InlineData("linspace", 3, 0, "999,500,0")]
    [InlineData("linspace", 1, 0, "0")]
    public void Timesteps_FollowTheSpacing(string spacing, int steps, int offset, string expected)
    {
        double[] timesteps = [.. expected.Split(',').Select(double.Parse)];
        foreach (string scheduler in new[] { "DDIMScheduler", "DDPMScheduler" })
        {
            SchedulerConfiguration configuration = TestConfiguration.Parse(
                scheduler, NoClipping, $"\"timestep_spacing\": \"{spacing}\"", $"\"steps_offset\": {offset}");
            Close.Equal(timesteps, configuration.Timesteps(steps));
        }
    }

    [Fact]
    public void DdimInverse_RunsTheRiseThatDdimFalls()
    {
        string[] options = [StableDiffusion, NoClipping, "\"set_alpha_to_one\": false", "\"steps_offset\": 1"];
        TimeGrid down = TestConfiguration.Parse("DDIMScheduler", options).ForSteps(10).Grid;
        TimeGrid up = TestConfiguration.Parse("DDIMInverseScheduler", options).ForSteps(10).Grid;
        Assert.True(up.TowardsNoise);
        Assert.Equal(down.Times.Reverse(), up.Times);

        // The network is told where a step goes.
        Assert.Equal(up.Times.Skip(1), up.NetworkTimes.SkipLast(1));
    }

    [Fact]
    public void DdimInverse_KnowsTheOlderNameOfItsStart()
    {
        SchedulerConfiguration configuration = TestConfiguration.Parse(
            "DDIMInverseScheduler",
            NoClipping,
            "\"set_alpha_to_one\": true",
            "\"set_alpha_to_zero\": false");
        Assert.NotEqual(0, configuration.ForSteps(10).Grid.Start);
    }

    [Fact]
    public void Ddim_OfAnotherGridRefuses()
    {
        ScheduledSampling run = TestConfiguration.Parse("DDIMScheduler", NoClipping, "\"timestep_spacing\": \"trailing\"").ForSteps(15);
        var error = Assert.Throws<InvalidOperationException>(() => run.Solver.Tabulate(run.Schedule, TimeGrid.Uniform(10)));
        Assert.Contains("15 steps; got one of 10", error.Message);
    }

    [Fact]
    public void Ddim_StartsFromPureNoiseAtZeroTerminalSnr()
    {
        using DisposeScope scope = NewDisposeScope();
        SchedulerConfiguration configuration = TestConfiguration.Parse(
            "DDIMScheduler",
            NoClipping,
            "\"rescale_betas_zero_snr\": true",
            "\"timestep_spacing\": \"trailing\"",
            "\"prediction_type\": \"v_prediction\"");
        ScheduledSampling run = configuration.ForSteps(15);
        Denoiser denoiser = Denoiser.FromFunction(
            (x, _, _) => x.tanh(),
            configuration.Prediction,
            trainingTimesteps: configuration.TrainingTimesteps,
            parameters: []);
        Tensor sample = new Sampler(denoiser, run.Schedule, run.Solver, run.Grid).Sample(ones(1, 2, ScalarType.Float64));
        Assert.Equal(0, run.Schedule.Alpha(run.Grid.Start));
        Assert.True(sample.isfinite().all().item<bool>());
    }

    [Theory]
    [InlineData("fixed_small")]
    [InlineData("fixed_small_log")]
    [InlineData("fixed_large")]
    public void Ddpm_AddsTheVarianceOfItsType(string type)
    {
        ScheduledSampling run = TestConfiguration
            .Parse("DDPMScheduler", StableDiffusion, NoClipping, $"\"variance_type\": \"{type}\"")
            .ForSteps(10);
        SolverTable table = run.Solver.Tabulate(run.Schedule, run.Grid);
        double[] alphas = ScaledLinear.AlphasCumprod;
        for (int i = 0; i < 9; i++)
        {
            (double a, double previous) = (alphas[900 - (100 * i)], alphas[800 - (100 * i)]);
            double beta = 1 - (a / previous);
            double variance = type == "fixed_large" ? beta : beta * (1 - previous) / (1 - a);
            Assert.Equal(Math.Sqrt(variance), table.Rows[i + 1].Inputs.Single().Weight, 1e-12);
        }

        Assert.Empty(table.Rows[10].Inputs);
    }

    [Fact]
    public void UntiedSteps_AreInTheIdentityThatANoiseStateIsBoundTo()
    {
        Assert.Equal(new UntiedDdim([0.5, 0]).Identity, new UntiedDdim([0.5, 0]).Identity);
        Assert.NotEqual(new UntiedDdim([0.5, 0]).Identity, new UntiedDdim([0.4, 0]).Identity);
        Assert.NotEqual(Solver.Ddim().Identity, new UntiedDdim([0.5, 0]).Identity);
    }

    [Fact]
    public void Ddpm_RefusesALargeVarianceThatDisturbsTheSample()
    {
        SchedulerConfiguration configuration = TestConfiguration.Parse(
            "DDPMScheduler",
            NoClipping,
            "\"variance_type\": \"fixed_large\"",
            "\"timestep_spacing\": \"trailing\"");
        var error = Assert.Throws<SchedulerConfigurationException>(() => configuration.ForSteps(10));
        Assert.Contains("last step starts at timestep 99", error.Message);
    }

    private static double[] Timesteps(string spacing, int steps, int offset) => spacing switch
    {
        "leading" => [.. Enumerable.Range(0, steps).Select(i => ((steps - 1 - i) * (1000 / steps)) + (double)offset)],
        "trailing" => [.. Enumerable.Range(0, steps).Select(i => Math.Round(1000 - (i * 1000.0 / steps)) - 1)],
        _ => [.. Enumerable.Range(0, steps).Select(i => steps == 1 ? 0 : Math.Round((steps - 1 - i) * 999.0 / (steps - 1)))],
    };

    private static double Network(double x, double t) => (0.5 * Math.Tanh(x)) + (0.3 * Math.Sin(0.004 * t)) + (0.2 * x);

    private static void CheckSample(double expected, string scheduler, int steps, string spacing, bool setAlphaToOne, int offset)
    {
        using DisposeScope scope = NewDisposeScope();
        SchedulerConfiguration configuration = TestConfiguration.Parse(
            scheduler,
            StableDiffusion,
            NoClipping,
            $"\"timestep_spacing\": \"{spacing}\"",
            $"\"set_alpha_to_one\": {(setAlphaToOne ? "true" : "false")}",
            $"\"steps_offset\": {offset}");
        if (steps == 1 && !setAlphaToOne && (spacing == "linspace" || (spacing == "leading" && offset == 0)))
        {
            // From timestep 0 to itself.
            var error = Assert.Throws<SchedulerConfigurationException>(() => configuration.ForSteps(steps));
            Assert.Contains("ends where it begins", error.Message);
            return;
        }

        ScheduledSampling run = configuration.ForSteps(steps);
        var sampler = new Sampler(GoldenScheduler.Network(configuration), run.Schedule, run.Solver, run.Grid);
        double sample = sampler.Sample(ones(1, 1, ScalarType.Float64)).item<double>();

        // A thousand steps in another order of arithmetic.
        Assert.Equal(expected, sample, 1e-9 * Math.Max(1, Math.Abs(expected)));
    }
}
