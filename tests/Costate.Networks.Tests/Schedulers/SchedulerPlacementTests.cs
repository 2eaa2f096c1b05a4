namespace Costate.Networks.Tests;

/// <summary>What is said of options that lead to no grid: it names them as the file has them.</summary>
public sealed class SchedulerPlacementTests
{
    private const string Dpm = "DPMSolverMultistepScheduler";
    private const string Euler = "EulerDiscreteScheduler";
    private const string Flow = "FlowMatchEulerDiscreteScheduler";

    // What the user never gave: TimeGrid's words for its own arguments.
    private static readonly string[] OfTheGrid =
    [
        "Reversed",
        "the times of a grid",
        "network times",
        "TimeGrid",
        "Parameter",
        "half log-SNR",
    ];

    [Theory]
    [InlineData(Dpm, 20, "num_train_timesteps 10", "\"num_train_timesteps\": 10")]
    [InlineData(Dpm, 20, "timestep_spacing \"trailing\"", "\"num_train_timesteps\": 10", "\"timestep_spacing\": \"trailing\"")]
    [InlineData(Dpm, 1001, "num_train_timesteps 1000 (the default)")]
    [InlineData(
        Dpm,
        10,
        "sigma_min 20",
        "\"use_karras_sigmas\": true",
        "\"sigma_min\": 20",
        "\"final_sigmas_type\": \"sigma_min\", \"beta_end\": 0.002")]
    [InlineData(
        Dpm,
        10,
        "use_lu_lambdas true",
        "\"use_lu_lambdas\": true",
        "\"sigma_min\": 0.0001",
        "\"final_sigmas_type\": \"sigma_min\"")]
    [InlineData(Euler, 10, "sigma_min 500", "\"use_karras_sigmas\": true", "\"sigma_min\": 500")]
    [InlineData(Euler, 10, "sigma_max 0.001", "\"use_exponential_sigmas\": true", "\"sigma_max\": 0.001")]
    [InlineData(Euler, 10, "steps_offset 950", "\"timestep_spacing\": \"leading\"", "\"steps_offset\": 950")]
    [InlineData(Euler, 20, "num_train_timesteps 10", "\"num_train_timesteps\": 10", "\"timestep_spacing\": \"leading\"")]
    [InlineData(Flow, 10, "shift 1e300", "\"shift\": 1e300")]
    [InlineData(Flow, 10, "sigma_max 0.5", "\"use_karras_sigmas\": true", "\"sigma_max\": 0.5", "\"shift\": 1000000")]
    [InlineData(
        "UniPCMultistepScheduler",
        10,
        "flow_shift 1e300",
        "\"use_flow_sigmas\": true",
        "\"prediction_type\": \"flow_prediction\"",
        "\"flow_shift\": 1e300")]
    public void OptionsWithoutAGrid_AreNamed(string scheduler, int steps, string says, params string[] options)
    {
        SchedulerConfiguration configuration = TestConfiguration.Parse(scheduler, options);
        var error = Assert.Throws<SchedulerConfigurationException>(() => configuration.ForSteps(steps));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.All(OfTheGrid, word => Assert.DoesNotContain(word, error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("exponential", 800)]
    [InlineData("exponential", -800)]
    [InlineData("linear", 0)]
    [InlineData("linear", -1)]
    public void Shift_ThatLeavesNoLevels_IsRefused(string type, double mu)
    {
        SchedulerConfiguration configuration = TestConfiguration.Parse(
            Flow,
            "\"use_dynamic_shifting\": true",
            $"\"time_shift_type\": \"{type}\"");
        var error = Assert.Throws<InputException>(() => configuration.ForSteps(10, mu));
        Assert.Equal("mu", error.ParamName);
        Assert.Contains($"time_shift_type is \"{type}\"", error.Message, StringComparison.Ordinal);
    }

    // Any file and any number of steps: a sampler, or words about the file, the steps or the shift.
    [Theory]
    [MemberData(nameof(Seeds))]
    public void AnyOptions_AreASamplerOrRefusedByName(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 400; i++)
        {
            string scheduler = SchedulerConfiguration.SupportedClasses[random.Next(SchedulerConfiguration.SupportedClasses.Count)];
            string[] options =
            [
                .. Values
                    .Where(_ => random.Next(5) == 0)
                    .Select(option => $"\"{option.Key}\": {option.Value[random.Next(option.Value.Length)]}"),
            ];
            int steps = (int)Math.Exp(random.NextDouble() * 8);
            string json = TestConfiguration.Json(scheduler, options);
            string? message = null;
            try
            {
                SchedulerConfiguration configuration = SchedulerConfiguration.Parse(json, ignoreClipping: true);
                double? mu = random.Next(4) == 0 ? (random.NextDouble() - 0.5) * 10 : null;
                ScheduledSampling run =
                    random.Next(3) == 0 ? configuration.ForNoiseLevels([1, 0.5, 0.01], mu) : configuration.ForSteps(steps, mu);
                run.Solver.Tabulate(run.Schedule, run.Grid);
                Assert.All(run.Grid.Times, time => Assert.InRange(time, 0, 1));
                Assert.All(run.Grid.NetworkTimes, time => Assert.True(double.IsFinite(time)));
            }
            catch (Exception e)
                when (e is SchedulerConfigurationException || e is InputException { ParamName: "steps" or "mu" or "sigmas" })
            {
                message = e.Message;
            }

            Assert.All(
                OfTheGrid,
                word => Assert.False(message?.Contains(word, StringComparison.Ordinal) ?? false, $"{json}, {steps} steps: {message}"));
        }
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 10)];

    private static readonly Dictionary<string, string[]> Values = new()
    {
        ["num_train_timesteps"] = ["2", "3", "10", "1000"],
        ["beta_start"] = ["1e-12", "0.00085", "0.5"],
        ["beta_end"] = ["0.012", "0.5", "0.999"],
        ["beta_schedule"] = ["\"linear\"", "\"scaled_linear\"", "\"squaredcos_cap_v2\""],
        ["rescale_betas_zero_snr"] = ["true"],
        ["timestep_spacing"] = ["\"linspace\"", "\"leading\"", "\"trailing\""],
        ["steps_offset"] = ["0", "1", "900"],
        ["set_alpha_to_one"] = ["true", "false"],
        ["interpolation_type"] = ["\"linear\"", "\"log_linear\""],
        ["lambda_min_clipped"] = ["-5.1", "0"],
        ["use_karras_sigmas"] = ["true"],
        ["use_exponential_sigmas"] = ["true"],
        ["use_beta_sigmas"] = ["true"],
        ["use_lu_lambdas"] = ["true"],
        ["sigma_min"] = ["1e-30", "0.01", "20"],
        ["sigma_max"] = ["0.02", "1", "200", "1e30"],
        ["prediction_type"] = ["\"epsilon\"", "\"flow_prediction\"", "\"v_prediction\""],
        ["use_flow_sigmas"] = ["true"],
        ["flow_shift"] = ["1e-300", "3", "1e300"],
        ["shift"] = ["1e-300", "3", "1e300"],
        ["use_dynamic_shifting"] = ["true"],
        ["time_shift_type"] = ["\"linear\"", "\"exponential\""],
        ["shift_terminal"] = ["0.1", "0.999999"],
        ["final_sigmas_type"] = ["\"zero\"", "\"sigma_min\""],
        ["timestep_type"] = ["\"continuous\""],
        ["solver_order"] = ["1", "2", "3"],
    };
}
