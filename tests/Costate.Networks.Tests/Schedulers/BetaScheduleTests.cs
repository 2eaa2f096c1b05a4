using static Costate.Networks.Tests.DirectSchedule;

namespace Costate.Networks.Tests;

/// <summary>The training schedules by the names of diffusers.</summary>
public sealed class BetaScheduleTests
{
    [Fact]
    public void Linear_IsTheDefault() => CheckLevels(Linear, "DDIMScheduler", "\"clip_sample\": false");

    [Fact]
    public void ScaledLinear_IsLinearInTheRoot() => CheckLevels(ScaledLinear, "EulerDiscreteScheduler", StableDiffusion);

    [Fact]
    public void Heun_HasDefaultsOfItsOwn() =>
        CheckLevels(
            new DirectSchedule(Enumerable.Range(0, 1000).Select(k => 0.00085 + ((0.012 - 0.00085) * k / 999))),
            "HeunDiscreteScheduler");

    [Fact]
    public void Cosine_IsCapped() => CheckLevels(
            FromAlphaBar(1000, t => Math.Pow(Math.Cos((t + 0.008) / 1.008 * Math.PI / 2), 2)),
            "DPMSolverMultistepScheduler",
            "\"beta_schedule\": \"squaredcos_cap_v2\"");

    [Fact]
    public void Exponential_IsHeuns() =>
        CheckLevels(FromAlphaBar(1000, t => Math.Exp(-12 * t)), "HeunDiscreteScheduler", "\"beta_schedule\": \"exp\"");

    [Fact]
    public void Laplace_IsDdpms() => CheckLevels(
        FromAlphaBar(
            1000,
            t =>
            {
                double snr = Math.Exp(-0.5 * (t <= 0.5 ? 1 : -1) * Math.Log(1 - (2 * Math.Abs(0.5 - t)) + 1e-6));
                return Math.Sqrt(snr / (1 + snr));
            }),
        "DDPMScheduler",
        "\"clip_sample\": false",
        "\"beta_schedule\": \"laplace\"");

    [Fact]
    public void Sigmoid_IsDdpms() => CheckLevels(
        new DirectSchedule(Enumerable.Range(0, 1000).Select(k => 0.0001 + ((0.02 - 0.0001) / (1 + Math.Exp(6 - (12.0 * k / 999)))))),
        "DDPMScheduler",
        "\"clip_sample\": false",
        "\"beta_schedule\": \"sigmoid\"");

    [Fact]
    public void TrainedBetas_OverrideTheNamedSchedule()
    {
        double[] betas = [0.01, 0.02, 0.05, 0.1, 0.3];
        CheckLevels(
            new DirectSchedule(betas),
            "DEISMultistepScheduler",
            "\"num_train_timesteps\": 5",
            "\"trained_betas\": [0.01, 0.02, 0.05, 0.1, 0.3]",
            "\"beta_schedule\": \"linear\"");
    }

    [Fact]
    public void ZeroTerminalSnr_EndsWithoutSignal()
    {
        NoiseSchedule schedule = TestConfiguration
            .Parse("DDIMScheduler", StableDiffusion, "\"clip_sample\": false", "\"rescale_betas_zero_snr\": true")
            .Schedule;
        double[] roots = [.. ScaledLinear.AlphasCumprod.Select(Math.Sqrt)];
        double[] expected = [.. roots.Select(root => (root - roots[^1]) * roots[0] / (roots[0] - roots[^1]))];
        Close.Equal(expected, Enumerable.Range(1, 1000).Select(k => schedule.Alpha(k / 1000.0)));
        Assert.Equal(0, schedule.Alpha(1));
        Assert.Equal(roots[0], schedule.Alpha(0.001), 1e-12);
    }

    [Fact]
    public void ZeroTerminalSnr_StaysFiniteWhereNoiseLevelsAreUsed()
    {
        foreach (string scheduler in new[] { "DPMSolverMultistepScheduler", "UniPCMultistepScheduler", "EulerDiscreteScheduler" })
        {
            SchedulerConfiguration configuration = TestConfiguration.Parse(scheduler, StableDiffusion, "\"rescale_betas_zero_snr\": true");

            // alpha^2 = 2^-24 at the last step.
            Assert.Equal(Math.Sqrt((1 << 24) - 1), configuration.NoiseLevels(10)[0], 1e-6);
            Assert.Equal(999, configuration.Timesteps(10)[0], 1e-9);
        }
    }

    private static void CheckLevels(DirectSchedule expected, string scheduler, params string[] options)
    {
        NoiseSchedule schedule = TestConfiguration.Parse(scheduler, options).Schedule;
        int n = expected.AlphasCumprod.Length;
        Close.Equal(expected.AlphasCumprod, Enumerable.Range(1, n).Select(k => Math.Pow(schedule.Alpha((double)k / n), 2)), 1e-12);
        Close.Equal(expected.Sigmas, Enumerable.Range(1, n).Select(k => schedule.NoiseToSignal((double)k / n)));
        Assert.Equal(1, schedule.Alpha(0));
    }
}
