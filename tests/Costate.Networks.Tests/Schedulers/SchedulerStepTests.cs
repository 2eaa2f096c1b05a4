namespace Costate.Networks.Tests;

/// <summary>How many steps a configuration takes, and what else must be said of them.</summary>
public sealed class SchedulerStepTests
{
    private const string Ddim = "DDIMScheduler";
    private const string Dpm = "DPMSolverMultistepScheduler";
    private const string Single = "DPMSolverSinglestepScheduler";
    private const string Euler = "EulerDiscreteScheduler";
    private const string Flow = "FlowMatchEulerDiscreteScheduler";
    private const string NoClipping = "\"clip_sample\": false";

    [Fact]
    public void ForSteps_RefusesWhatCannotBePlaced()
    {
        SchedulerConfiguration ddim = TestConfiguration.Parse(Ddim, NoClipping);
        Assert.Contains(
            "Got 0 for steps; it must be at least 1",
            Assert.Throws<InputException>(() => ddim.ForSteps(0)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "Got 1001 for steps; it must be at most 1000, the num_train_timesteps of the scheduler configuration.",
            Assert.Throws<InputException>(() => ddim.ForSteps(1001)).Message,
            StringComparison.Ordinal);
        SchedulerConfiguration dpm = TestConfiguration.Parse(Dpm);
        Assert.Contains(
            "num_train_timesteps 1000 (the default)",
            Assert.Throws<SchedulerConfigurationException>(() => dpm.ForSteps(1001)).Message,
            StringComparison.Ordinal);
        SchedulerConfiguration late = TestConfiguration.Parse(Ddim, NoClipping, "\"steps_offset\": 1");
        Assert.Contains(
            "Lower steps_offset",
            Assert.Throws<SchedulerConfigurationException>(() => late.ForSteps(1000)).Message,
            StringComparison.Ordinal);
        SchedulerConfiguration repeats = TestConfiguration.Parse(
            Single,
            "\"use_karras_sigmas\": true",
            "\"final_sigmas_type\": \"sigma_min\"");
        Assert.Contains(
            "Set final_sigmas_type to \"zero\"",
            Assert.Throws<SchedulerConfigurationException>(() => repeats.ForSteps(10)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ForSteps_AsksForTheShiftWhereItIsDynamic()
    {
        SchedulerConfiguration fixedShift = TestConfiguration.Parse(Flow);
        Assert.Contains(
            "no dynamic shifting",
            Assert.Throws<InputException>(() => fixedShift.ForSteps(10, 1)).Message,
            StringComparison.Ordinal);
        SchedulerConfiguration dynamic = TestConfiguration.Parse(Flow, "\"use_dynamic_shifting\": true");
        Assert.Contains("Got nothing for mu", Assert.Throws<InputException>(() => dynamic.ForSteps(10)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "must be finite",
            Assert.Throws<InputException>(() => dynamic.ForSteps(10, double.NaN)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("LCMScheduler", "", 51, "at most 50, the original_inference_steps")]
    [InlineData("PNDMScheduler", "", 3, "at least 4, as skip_prk_steps is false")]
    public void ForSteps_SaysHowManyStepsThereCanBe(string scheduler, string options, int steps, string expected)
    {
        SchedulerConfiguration configuration = TestConfiguration.Parse(scheduler, options.Length == 0 ? [] : [options]);
        Assert.Contains(expected, Assert.Throws<InputException>(() => configuration.ForSteps(steps)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ForSteps_TakesEta_OnlyWhereThereIsOne()
    {
        SchedulerConfiguration ddim = TestConfiguration.Parse("DDIMScheduler", "\"clip_sample\": false");
        Assert.True(ddim.ForSteps(10, eta: 0.5).Solver.IsStochastic);
        Assert.False(ddim.ForSteps(10, eta: 0).Solver.IsStochastic);
        Assert.Equal("eta", Assert.Throws<InputException>(() => ddim.ForSteps(10, eta: 1.5)).ParamName);
        Assert.Contains(
            "has no eta", Assert.Throws<InputException>(() => TestConfiguration.Parse(Euler).ForSteps(10, eta: 0.5)).Message,
                StringComparison.Ordinal);
    }
}
