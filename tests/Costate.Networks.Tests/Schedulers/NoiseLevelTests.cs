using static Costate.Networks.Tests.DirectSchedule;

namespace Costate.Networks.Tests;

/// <summary>Noise levels and timesteps of the schedulers that work on noise levels, against their formulas.</summary>
public sealed class NoiseLevelTests
{
    private const string Dpm = "DPMSolverMultistepScheduler";
    private const string Euler = "EulerDiscreteScheduler";
    private const string UniPc = "UniPCMultistepScheduler";

    private static readonly double Top = ScaledLinear.Sigmas[^1];
    private static readonly double Bottom = ScaledLinear.Sigmas[0];

    [Theory]
    [InlineData("linspace", 0, 4, "999,749,500,250")]
    [InlineData("leading", 0, 10, "900,810,720,630,540,450,360,270,180,90")]
    [InlineData("leading", 1, 3, "751,501,251")]
    [InlineData("trailing", 0, 4, "999,749,499,249")]
    [InlineData("trailing", 0, 7, "999,856,713,570,428,285,142")]
    public void Multistep_SpacesItsTimesteps(string spacing, int offset, int steps, string expected)
    {
        double[] timesteps = [.. expected.Split(',').Select(double.Parse)];
        foreach (string scheduler in new[] { Dpm, UniPc, "DEISMultistepScheduler" })
        {
            SchedulerConfiguration configuration = TestConfiguration.Parse(
                scheduler, StableDiffusion, $"\"timestep_spacing\": \"{spacing}\"", $"\"steps_offset\": {offset}");
            double end = scheduler.StartsWith("DEIS", StringComparison.Ordinal) ? Bottom : 0;
            Close.Equal(timesteps, configuration.Timesteps(steps));
            Close.Equal([.. timesteps.Select(ScaledLinear.SigmaAt), end], configuration.NoiseLevels(steps));
        }
    }

    [Theory]
    [InlineData("linspace", 0, 5, "999,749.25,499.5,249.75,0")]
    [InlineData("leading", 1, 4, "751,501,251,1")]
    [InlineData("trailing", 0, 4, "999,749,499,249")]
    public void Euler_SpacesItsTimesteps(string spacing, int offset, int steps, string expected)
    {
        double[] timesteps = [.. expected.Split(',').Select(double.Parse)];
        SchedulerConfiguration configuration = TestConfiguration.Parse(
            Euler, StableDiffusion, $"\"timestep_spacing\": \"{spacing}\"", $"\"steps_offset\": {offset}");
        Close.Equal(timesteps, configuration.Timesteps(steps));
        Close.Equal([.. timesteps.Select(ScaledLinear.SigmaAt), 0], configuration.NoiseLevels(steps));

        // diffusers starts from sigma, but from sqrt(sigma^2 + 1) with leading spacing; divided by that it is 1.
        double top = ScaledLinear.SigmaAt(timesteps[0]);
        Assert.Equal(spacing == "leading" ? 1 : top / Math.Sqrt(1 + (top * top)), configuration.ForSteps(steps).StartScale, 1e-12);
    }

    [Fact]
    public void Karras_IsEquallySpacedInTheSeventhRoot()
    {
        double[] levels =
        [
            .. Ratios(8).Select(u => Math.Pow(Math.Pow(Top, 1 / 7.0) + (u * (Math.Pow(Bottom, 1 / 7.0) - Math.Pow(Top, 1 / 7.0))), 7)),
        ];
        foreach (string scheduler in new[] { Dpm, UniPc, "DPMSolverSinglestepScheduler" })
        {
            SchedulerConfiguration configuration = TestConfiguration.Parse(scheduler, StableDiffusion, "\"use_karras_sigmas\": true");
            Close.Equal([.. levels, 0], configuration.NoiseLevels(8));
            Close.Equal(levels.Select(level => Math.Round(ScaledLinear.TimestepAt(level))), configuration.Timesteps(8), 1e-8);
        }

        // Euler and Heun tell the network fractions.
        foreach (string scheduler in new[] { Euler, "HeunDiscreteScheduler" })
        {
            SchedulerConfiguration configuration = TestConfiguration.Parse(scheduler, StableDiffusion, "\"use_karras_sigmas\": true");
            Close.Equal([.. levels, 0], configuration.NoiseLevels(8));
            Close.Equal(levels.Select(ScaledLinear.TimestepAt), configuration.Timesteps(8).Distinct(new Nearly()), 1e-8);
        }
    }

    [Theory]
    [InlineData(Dpm, "use_lu_lambdas", true)]
    [InlineData(Dpm, "use_exponential_sigmas", false)]
    [InlineData(UniPc, "use_exponential_sigmas", false)]
    public void ExponentialAndLu_AreEquallySpacedInTheLogarithm(string scheduler, string option, bool rounds)
    {
        double[] levels = [.. Ratios(9).Select(u => Math.Exp(Math.Log(Top) + (u * (Math.Log(Bottom) - Math.Log(Top)))))];
        SchedulerConfiguration configuration = TestConfiguration.Parse(scheduler, StableDiffusion, $"\"{option}\": true");
        Close.Equal([.. levels, 0], configuration.NoiseLevels(9));
        Close.Equal(
            levels.Select(ScaledLinear.TimestepAt).Select(t => rounds ? Math.Round(t) : Math.Floor(t + 1e-9)),
            configuration.Timesteps(9),
            1e-8);
    }

    [Theory]
    [InlineData(Dpm)]
    [InlineData(Euler)]
    [InlineData("HeunDiscreteScheduler")]
    public void Beta_FollowsTheQuantilesOfItsDistribution(string scheduler)
    {
        double[] levels = TestConfiguration.Parse(scheduler, StableDiffusion, "\"use_beta_sigmas\": true").NoiseLevels(11);
        Assert.Equal(12, levels.Length);
        for (int i = 0; i < 11; i++)
        {
            // The level is a quantile: its probability is known. At the ends the density is infinite: rounding the quantile by
            // 1e-15 moves the probability by 1e-9.
            double quantile = Math.Clamp((levels[i] - Bottom) / (Top - Bottom), 0, 1);
            Assert.Equal(1 - (i / 10.0), BetaProbability(quantile), 1e-8);
        }
    }

    [Fact]
    public void CosineSchedule_TruncatesWhereOthersRound()
    {
        const string cosine = "\"beta_schedule\": \"squaredcos_cap_v2\"";
        DirectSchedule direct = FromAlphaBar(1000, t => Math.Pow(Math.Cos((t + 0.008) / 1.008 * Math.PI / 2), 2));
        SchedulerConfiguration multistep = TestConfiguration.Parse(Dpm, cosine, "\"use_karras_sigmas\": true");
        SchedulerConfiguration unipc = TestConfiguration.Parse(UniPc, cosine, "\"use_karras_sigmas\": true");
        double[] exact = [.. multistep.NoiseLevels(10)[..^1].Select(direct.TimestepAt)];
        Close.Equal(exact.Select(t => Math.Floor(t + 1e-9)), multistep.Timesteps(10), 1e-8);
        Close.Equal(exact.Select(t => Math.Round(t)), unipc.Timesteps(10), 1e-8);
        Assert.NotEqual(multistep.Timesteps(10), unipc.Timesteps(10));
    }

    [Fact]
    public void SigmaEnds_OverrideThoseOfTraining()
    {
        // The options of Stable Video Diffusion, whose noise goes far beyond its nominal training schedule.
        SchedulerConfiguration configuration = TestConfiguration.Parse(
            Euler,
            StableDiffusion,
            "\"use_karras_sigmas\": true",
            "\"sigma_min\": 0.002",
            "\"sigma_max\": 700.0",
            "\"prediction_type\": \"v_prediction\"",
            "\"timestep_type\": \"continuous\"");
        double[] levels =
        [
            .. Ratios(25).Select(u => Math.Pow(Math.Pow(700, 1 / 7.0) + (u * (Math.Pow(0.002, 1 / 7.0) - Math.Pow(700, 1 / 7.0))), 7)),
        ];
        Close.Equal([.. levels, 0], configuration.NoiseLevels(25));
        Close.Equal(levels.Select(level => 0.25 * Math.Log(level)), configuration.Timesteps(25), 1e-9);

        // Told timesteps instead, the network hears the nearest that training had.
        SchedulerConfiguration discrete = TestConfiguration.Parse(
            Euler, StableDiffusion, "\"use_exponential_sigmas\": true", "\"sigma_min\": 0.002", "\"sigma_max\": 700.0");
        double[] timesteps = discrete.Timesteps(5);
        Assert.Equal(999, timesteps[0], 1e-9);
        Assert.Equal(0, timesteps[^1], 1e-9);
    }

    [Fact]
    public void ContinuousTimesteps_AreForVelocitiesOnly()
    {
        SchedulerConfiguration configuration = TestConfiguration.Parse(Euler, StableDiffusion, "\"timestep_type\": \"continuous\"");
        Assert.Equal(999, configuration.Timesteps(10)[0], 1e-9);
    }

    [Fact]
    public void LogLinear_EndsAtTheLowestTrainingLevel()
    {
        SchedulerConfiguration configuration = TestConfiguration.Parse(Euler, StableDiffusion, "\"interpolation_type\": \"log_linear\"");
        Close.Equal(Ratios(11).Select(u => Math.Exp(Math.Log(Top) + (u * Math.Log(Bottom / Top)))), configuration.NoiseLevels(10));
        Close.Equal(Ratios(10).Select(u => 999 * (1 - u)), configuration.Timesteps(10));
    }

    [Fact]
    public void FinalSigma_IsZeroOrTheLowestOfTraining()
    {
        SchedulerConfiguration dpm = TestConfiguration.Parse(Dpm, StableDiffusion, "\"final_sigmas_type\": \"sigma_min\"");
        Assert.Equal(Bottom, dpm.NoiseLevels(10)[^1], 1e-12);
        Assert.Equal(0.001, dpm.ForSteps(10).Grid.End);

        // Euler's last timestep is 0, whose level is the lowest: the last step moves nothing and is left out.
        SchedulerConfiguration euler = TestConfiguration.Parse(Euler, StableDiffusion, "\"final_sigmas_type\": \"sigma_min\"");
        Assert.Equal(9, euler.ForSteps(10).Grid.Steps);
        Assert.Equal(Bottom, euler.NoiseLevels(10)[^1], 1e-12);
    }

    [Fact]
    public void LambdaMinClipped_LeavesOutTheNoisiestSteps()
    {
        const string cosine = "\"beta_schedule\": \"squaredcos_cap_v2\"";
        DirectSchedule direct = FromAlphaBar(1000, t => Math.Pow(Math.Cos((t + 0.008) / 1.008 * Math.PI / 2), 2));
        int last = direct.Sigmas.Count(sigma => -Math.Log(sigma) >= -5.1) - 1;
        Assert.InRange(last, 900, 998);
        foreach (string scheduler in new[] { Dpm, "DPMSolverSinglestepScheduler" })
        {
            SchedulerConfiguration configuration = TestConfiguration.Parse(scheduler, cosine, "\"lambda_min_clipped\": -5.1");
            Close.Equal(Enumerable.Range(0, 8).Select(i => Math.Round((8 - i) * last / 8.0)), configuration.Timesteps(8));
        }

        SchedulerConfiguration leading = TestConfiguration.Parse(
            Dpm,
            cosine,
            "\"lambda_min_clipped\": -5.1",
            "\"timestep_spacing\": \"leading\"");
        Close.Equal(Enumerable.Range(0, 8).Select(i => (8.0 - i) * ((last + 1) / 9)), leading.Timesteps(8));
        SchedulerConfiguration trailing = TestConfiguration.Parse(
            Dpm,
            cosine,
            "\"lambda_min_clipped\": -5.1",
            "\"timestep_spacing\": \"trailing\"");
        Close.Equal(Enumerable.Range(0, 8).Select(i => Math.Round(last + 1 - (i * 125.0)) - 1), trailing.Timesteps(8));
    }

    private static IEnumerable<double> Ratios(int count) => Enumerable.Range(0, count).Select(i => (double)i / (count - 1));

    // The incomplete beta function of shape (0.6, 0.6), by Simpson's rule after t = s^(1/0.6), which makes the integrand smooth below 1/2.
    private static double BetaProbability(double x)
    {
        if (x > 0.5)
        {
            return 1 - BetaProbability(1 - x);
        }

        return 0.5 * Integral(x) / Integral(0.5);

        static double Integral(double x)
        {
            const int intervals = 2000;
            double end = Math.Pow(x, 0.6);
            double sum = 0;
            for (int i = 0; i <= intervals; i++)
            {
                double s = end * i / intervals;
                sum += Math.Pow(1 - Math.Pow(s, 1 / 0.6), -0.4) * (i == 0 || i == intervals ? 1 : i % 2 == 1 ? 4 : 2);
            }

            return sum * end / (3 * intervals);
        }
    }

    private sealed class Nearly : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) < 1e-6;

        public int GetHashCode(double value) => 0;
    }
}
