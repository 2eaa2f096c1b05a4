namespace Costate.Networks.Tests;

/// <summary>Schedulers of rectified flows: noise levels, their shifts, and what the network is told.</summary>
public sealed class FlowSchedulerTests
{
    private const string FlowMatch = "FlowMatchEulerDiscreteScheduler";
    private const string Dpm = "DPMSolverMultistepScheduler";
    private const string UniPc = "UniPCMultistepScheduler";

    private static readonly string[] FlowOptions = ["\"use_flow_sigmas\": true", "\"prediction_type\": \"flow_prediction\""];

    [Fact]
    public void FlowMatch_RunsFromOneToZeroOnItsNoiseLevels()
    {
        SchedulerConfiguration configuration = TestConfiguration.Parse(FlowMatch, "\"shift\": 3.0");
        double[] levels = [.. Falling(Shift(0.001, 3), 12).Select(s => Shift(s, 3))];
        Close.Equal([.. levels, 0], configuration.NoiseLevels(12));
        Close.Equal(levels.Select(level => 1000 * level), configuration.Timesteps(12));
        Assert.Equal(Prediction.Flow, configuration.Prediction);
        Assert.Null(configuration.TrainingTimesteps);
        Assert.Equal(1000, configuration.TimeScale);
    }

    [Fact]
    public void FlowMatch_TakesADynamicShift()
    {
        // Not shifted twice: the training levels are not.
        double[] even = [.. Falling(0.001, 12)];
        SchedulerConfiguration exponential = TestConfiguration.Parse(FlowMatch, "\"use_dynamic_shifting\": true", "\"shift\": 3.0");
        Close.Equal([.. even.Select(s => Math.Exp(0.8) / (Math.Exp(0.8) + (1 / s) - 1)), 0], exponential.NoiseLevels(12, mu: 0.8));
        SchedulerConfiguration linear = TestConfiguration.Parse(
            FlowMatch,
            "\"use_dynamic_shifting\": true",
            "\"time_shift_type\": \"linear\"");
        Close.Equal([.. even.Select(s => 0.8 / (0.8 + (1 / s) - 1)), 0], linear.NoiseLevels(12, mu: 0.8));
    }

    // What FLUX hands over for dev: levels from 1 to 1/n, shifted once by exp(mu). By itself the class ends with an evaluation at 0.003.
    [Fact]
    public void FlowMatch_TakesNoiseLevelsOfAPipeline()
    {
        SchedulerConfiguration dev = TestConfiguration.Parse(FlowMatch, "\"use_dynamic_shifting\": true", "\"shift\": 3.0");
        double[] given = [1, 0.75, 0.5, 0.25];
        double[] levels = dev.NoiseLevels(dev.ForNoiseLevels(given, mu: 1.15));
        Close.Equal([.. given.Select(s => Math.Exp(1.15) / (Math.Exp(1.15) + (1 / s) - 1)), 0], levels);
        Assert.True(levels[3] > 0.5 && dev.NoiseLevels(4, mu: 1.15)[3] < 0.004);

        SchedulerConfiguration schnell = TestConfiguration.Parse(FlowMatch, "\"shift\": 1.0");
        Close.Equal([.. given, 0], schnell.NoiseLevels(schnell.ForNoiseLevels(given)));
        Assert.Equal([1, 0.75, 0.5, 0.25], given);

        SchedulerConfiguration karras = TestConfiguration.Parse(FlowMatch, "\"use_karras_sigmas\": true");
        Close.Equal([1, Math.Pow((1 + Math.Pow(0.2, 1 / 7.0)) / 2, 7), 0.2, 0], karras.NoiseLevels(karras.ForNoiseLevels([1, 0.9, 0.2])));
    }

    [Theory]
    [InlineData("no numbers")]
    [InlineData("Got 0 as number 1", 0.0)]
    [InlineData("Got 1.5 as number 1", 1.5, 1.0)]
    [InlineData("Got -0.5 after 1 as number 2", 1.0, -0.5)]
    [InlineData("Got 0.5 after 0.5 as number 3", 1.0, 0.5, 0.5)]
    [InlineData("Got 0.6 after 0.5 as number 3", 1.0, 0.5, 0.6)]
    [InlineData("Got NaN after 1 as number 2", 1.0, double.NaN)]
    [InlineData("Leave out the last", 1.0, 0.5, 0.0)]
    public void NoiseLevelsThatDoNotFall_AreRefused(string says, params double[] sigmas)
    {
        var error = Assert.Throws<InputException>(() => TestConfiguration.Parse(FlowMatch).ForNoiseLevels(sigmas));
        Assert.Equal("sigmas", error.ParamName);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Contains("fall strictly within (0, 1]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NoiseLevels_AreForTheFlowSchedulerAlone() => Assert.Contains(
        "EulerDiscreteScheduler",
            Assert
                .Throws<SchedulerConfigurationException>(() => TestConfiguration.Parse("EulerDiscreteScheduler").ForNoiseLevels([1, 0.5]))
                .Message,
        StringComparison.Ordinal);

    [Fact]
    public void FlowMatch_StretchesToItsTerminalLevel()
    {
        double[] levels = TestConfiguration.Parse(FlowMatch, "\"shift_terminal\": 0.1").NoiseLevels(10);
        double[] even = [.. Falling(0.001, 10)];
        Close.Equal([.. even.Select(s => 1 - ((1 - s) * 0.9 / (1 - even[^1]))), 0], levels);
        Assert.Equal(0.1, levels[9], 1e-12);
    }

    [Theory]
    [InlineData("use_karras_sigmas")]
    [InlineData("use_exponential_sigmas")]
    [InlineData("use_beta_sigmas")]
    public void FlowMatch_PutsLaddersBetweenItsShiftedEnds(string option)
    {
        double[] levels = TestConfiguration.Parse(FlowMatch, "\"shift\": 2.0", $"\"{option}\": true").NoiseLevels(6);
        double bottom = Shift(Shift(0.001, 2), 2);
        Assert.Equal(1, levels[0]);
        Assert.Equal(bottom, levels[5], 1e-12);
        Assert.Equal(0, levels[6]);
        double[] ratios = [.. Enumerable.Range(0, 6).Select(i => i / 5.0)];
        if (option == "use_exponential_sigmas")
        {
            Close.Equal(ratios.Select(u => Math.Pow(bottom, u)), levels[..6]);
        }
        else if (option == "use_karras_sigmas")
        {
            Close.Equal(ratios.Select(u => Math.Pow(1 + (u * (Math.Pow(bottom, 1 / 7.0) - 1)), 7)), levels[..6]);
        }
        else
        {
            // The distribution is symmetric.
            Assert.Equal(1 + bottom, levels[1] + levels[4], 1e-10);
        }
    }

    [Theory]
    [InlineData(Dpm)]
    [InlineData("DPMSolverSinglestepScheduler")]
    public void FlowSigmas_StartOneStepBelowOne(string scheduler)
    {
        SchedulerConfiguration configuration = TestConfiguration.Parse(scheduler, [.. FlowOptions, "\"flow_shift\": 5.0"]);
        double[] levels = [.. Enumerable.Range(0, 10).Select(i => Shift((10 - i) * 0.999 / 10, 5))];
        Close.Equal([.. levels, 0], configuration.NoiseLevels(10));

        // Timesteps lose their fraction; Denoiser tells the network TimeScale times the grid's network time.
        Close.Equal(levels.Select(level => Math.Floor((level * 1000) + 1e-9)), configuration.Timesteps(10));
        Assert.Equal("RectifiedFlow()", configuration.Schedule.ToString());
    }

    [Fact]
    public void FlowSigmas_OfDeisEndAboveZero()
    {
        ScheduledSampling run = TestConfiguration.Parse("DEISMultistepScheduler", FlowOptions).ForSteps(10);
        Assert.Equal(9, run.Grid.Steps);
        Assert.Equal(0.0999, run.Grid.End, 1e-12);
    }

    [Fact]
    public void FlowSigmas_OfUniPcStartJustBelowOne()
    {
        SchedulerConfiguration configuration = TestConfiguration.Parse(UniPc, [.. FlowOptions, "\"flow_shift\": 3.0"]);
        double[] levels = [.. Enumerable.Range(0, 10).Select(i => Shift(1 - (i * 0.999 / 10), 3))];
        levels[0] -= 1e-6;
        Close.Equal([.. levels, 0], configuration.NoiseLevels(10));
        Close.Equal(levels.Select(level => Math.Floor((level * 1000) + 1e-9)), configuration.Timesteps(10));
        Assert.Equal(999, configuration.Timesteps(10)[0], 1e-9);
    }

    [Fact]
    public void FlowSigmas_TakeADynamicShift()
    {
        double by = Math.Exp(1.1);
        double[] dpm = TestConfiguration.Parse(Dpm, [.. FlowOptions, "\"use_dynamic_shifting\": true"]).NoiseLevels(10, mu: 1.1);
        Close.Equal([.. Enumerable.Range(0, 10).Select(i => Shift((10 - i) * 0.999 / 10, by)), 0], dpm);
        double[] unipc = TestConfiguration
            .Parse(UniPc, [.. FlowOptions, "\"use_dynamic_shifting\": true", "\"shift_terminal\": 0.02"])
            .NoiseLevels(10, mu: 1.1);
        Assert.Equal(0.02, unipc[9], 1e-12);
    }

    [Fact]
    public void FlowSigmas_OfUniPcMayFollowKarras()
    {
        SchedulerConfiguration configuration = TestConfiguration.Parse(
            UniPc, [.. FlowOptions, "\"use_karras_sigmas\": true", "\"sigma_min\": 0.147", "\"sigma_max\": 200.0"]);
        double[] levels =
        [
            .. Enumerable
                .Range(0, 8)
                .Select(i => Math.Pow(Math.Pow(200, 1 / 7.0) + (i / 7.0 * (Math.Pow(0.147, 1 / 7.0) - Math.Pow(200, 1 / 7.0))), 7))
                .Select(s => s / (s + 1)),
        ];
        Close.Equal([.. levels, 0], configuration.NoiseLevels(8));
        Close.Equal(levels.Select(level => Math.Floor(level * 1000)), configuration.Timesteps(8));
    }

    private static double Shift(double level, double by) => by * level / (1 + ((by - 1) * level));

    private static IEnumerable<double> Falling(double end, int count) =>
        Enumerable.Range(0, count).Select(i => 1 + (i * (end - 1) / (count - 1)));
}
