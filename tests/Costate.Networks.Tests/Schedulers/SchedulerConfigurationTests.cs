using Costate.Testing;
using static Costate.Networks.Tests.DirectSchedule;

namespace Costate.Networks.Tests;

/// <summary>What a file may hold, and what is said of one that may not.</summary>
public sealed class SchedulerConfigurationTests
{
    private const string Ddim = "DDIMScheduler";
    private const string Ddpm = "DDPMScheduler";
    private const string Dpm = "DPMSolverMultistepScheduler";
    private const string Single = "DPMSolverSinglestepScheduler";
    private const string Euler = "EulerDiscreteScheduler";
    private const string Heun = "HeunDiscreteScheduler";
    private const string Flow = "FlowMatchEulerDiscreteScheduler";
    private const string UniPc = "UniPCMultistepScheduler";
    private const string NoClipping = "\"clip_sample\": false";

    public static TheoryData<string, string, string> BadText => new()
    {
        { "", "not valid JSON", "nothing" },
        { "[]", "holds an array; expected an object", "an array" },
        { "3", "holds the number 3", "a number" },
        { "null", "holds null", "null" },
        { "{", "not valid JSON", "half" },
        { "{} {}", "not valid JSON", "two" },
        { "{\"_class_name\": \"DDIMScheduler\",}", "not valid JSON", "a comma" },
        { "{\"_class_name\": \"DDIMScheduler\", /* no */ \"a\": 1}", "not valid JSON", "a comment" },
            {
                "{\"_class_name\": \"DDIMScheduler\", \"a\": " + new string('[', 5) + new string(']', 5) + "}",
                "valid JSON of at most 4 levels",
                "depth"
            },
        { new string('[', 100_000), "valid JSON of at most 4 levels", "great depth" },
        { "{\"_class_name\": \"DDIMScheduler\", \"a\": \"\\ud800\"}", "half a surrogate pair", "half a character" },
        { "{\"_class_name\": \"DDIMScheduler\", \"\\ud800\": 1}", "half a surrogate pair", "half a name" },
        { "{\"_class_name\": \"DDIMScheduler\", \"beta_end\": 1, \"beta_end\": 1}", "gives the option 'beta_end' twice", "twice" },
        { "{\"_class_name\": \"DDIMScheduler\", \"beta_end\": -infinity}", "not valid JSON", "another infinity" },
        { "{}", "no string \"_class_name\"", "no name" },
        { "{\"_class_name\": 3}", "no string \"_class_name\"", "a name that is none" },
        { "{\"_class_name\": \"DDIMSheduler\"}", "Did you mean DDIMScheduler", "a near name" },
        { "{\"_class_name\": \"ScoreSdeVeScheduler\"}", "'ScoreSdeVeScheduler', which is not supported", "another scheduler" },
        { "{\"_class_name\": \"\\u001b[31m\"}", "'\\u001b[31m', which is not supported", "a name that colours the terminal" },
    };

    public static TheoryData<string, string, string> BadOptions => new()
    {
        // Wrong types and values.
            {
                Euler,
                "\"num_train_timesteps\": \"1000\"",
                "num_train_timesteps is the string '1000'; expected a whole number from 2 to 100000"
            },
        { Euler, "\"num_train_timesteps\": 1000.5", "num_train_timesteps is the number 1000.5" },
        { Euler, "\"num_train_timesteps\": 1", "num_train_timesteps is the number 1; expected a whole number from 2" },
        { Euler, "\"num_train_timesteps\": 99999999999", "num_train_timesteps is the number 99999999999" },
        { Euler, "\"num_train_timesteps\": null", "num_train_timesteps is null" },
        { Euler, "\"beta_start\": \"x\"", "beta_start is the string 'x'; expected a finite number" },
        { Euler, "\"beta_start\": null", "beta_start is null; expected a number" },
        { Euler, "\"beta_start\": 1e999", "beta_start is the number 1e999; expected a finite number" },
        { Euler, "\"beta_start\": NaN", "beta_start is the string 'NaN'; expected a finite number" },
        { Euler, "\"beta_end\": Infinity", "beta_end is the string 'Infinity'; expected a finite number" },
        { Euler, "\"beta_start\": 0", "beta_start 0 and beta_end 0.02 give beta 0 at training step 0" },
        { Euler, "\"beta_end\": 2", "give beta 1.00" },
        { Euler, "\"beta_start\": -1, \"beta_schedule\": \"scaled_linear\"", "give beta NaN" },
            {
                Euler,
                "\"beta_schedule\": \"exp\"",
                "beta_schedule is the string 'exp'; expected one of \"linear\", \"scaled_linear\", \"squaredcos_cap_v2\"."
            },
        { Euler, "\"beta_schedule\": 3", "beta_schedule is the number 3" },
        { Euler, "\"trained_betas\": 3", "trained_betas is the number 3; expected an array of numbers" },
        { Euler, "\"trained_betas\": [0.1, \"x\"]", "trained_betas holds the string 'x'" },
        { Euler, "\"trained_betas\": [0.1, 0.2]", "trained_betas has 2 numbers but num_train_timesteps is 1000" },
        { Euler, "\"trained_betas\": [0.1, 1.2], \"num_train_timesteps\": 2", "trained_betas holds 1.2 at training step 1" },
        { Euler, "\"trained_betas\": [], \"num_train_timesteps\": 2", "trained_betas has 0 numbers" },
        { Euler, "\"use_karras_sigmas\": 1", "use_karras_sigmas is the number 1; expected true or false" },
            {
                Euler,
                "\"timestep_spacing\": \"even\"",
                "timestep_spacing is the string 'even'; expected one of \"linspace\", \"leading\", \"trailing\""
            },
        { Euler, "\"prediction_type\": \"flow_prediction\"", "prediction_type is the string 'flow_prediction'" },
        { Heun, "\"prediction_type\": \"sample\"", "prediction_type is the string 'sample'" },
        { Euler, "\"steps_offset\": -1", "steps_offset is the number -1; expected a whole number from 0 to 999" },
        { Euler, "\"sigma_min\": -1, \"use_karras_sigmas\": true", "sigma_min is -1" },
        { Euler, "\"sigma_min\": 3, \"sigma_max\": 2, \"use_karras_sigmas\": true", "sigma_min is 3 and sigma_max is 2" },
        { Euler, "\"interpolation_type\": \"cubic\"", "interpolation_type is the string 'cubic'" },
        { Dpm, "\"solver_order\": 4", "solver_order is the number 4; expected a whole number from 1 to 3" },
        { Dpm, "\"algorithm_type\": \"ddim\"", "algorithm_type is the string 'ddim'" },
        { Dpm, "\"lambda_min_clipped\": Infinity", "lambda_min_clipped is the string 'Infinity'" },
        { Dpm, "\"lambda_min_clipped\": 10", "lambda_min_clipped is 10, above the log-SNR of every training step" },
        { UniPc, "\"disable_corrector\": [0.5]", "disable_corrector holds what is no step" },
        { UniPc, "\"disable_corrector\": \"0\"", "disable_corrector is the string '0'" },
        { Flow, "\"shift\": 0", "shift is 0; it must be positive" },
        { Flow, "\"shift_terminal\": 1.5", "shift_terminal is 1.5" },
        { Flow, "\"sigma_max\": 3.0, \"use_karras_sigmas\": true", "the noise level of a flow is at most 1" },

        // Known, but not to be had.
        { Ddim, "\"beta_start\": 0.0001", "clip_sample is true (the default of diffusers, as the file does not say)" },
        { Ddim, "\"clip_sample\": true", "clip_sample is true. Clipping the predicted data is not linear" },
        { "DDIMInverseScheduler", "\"beta_start\": 0.0001", "pass ignoreClipping: true" },
        { Ddpm, "\"beta_start\": 0.0001", "Set \"clip_sample\": false" },
        { Ddim, $"{NoClipping}, \"thresholding\": true", "thresholding is true." },
        { Heun, "\"clip_sample\": true", "clip_sample is true." },
        { Dpm, "\"thresholding\": true", "thresholding is true." },
        { Ddpm, $"{NoClipping}, \"variance_type\": \"learned\"", "Slice the variance off the network's output" },
        { Ddpm, $"{NoClipping}, \"variance_type\": \"learned_range\"", "variance_type is \"learned_range\"" },
        { Ddpm, $"{NoClipping}, \"variance_type\": \"fixed_large_log\"", "square root of a negative number. Use \"fixed_large\"" },
        { Dpm, "\"variance_type\": \"learned_range\"", "variance_type is set" },
        { UniPc, "\"solver_p\": {\"_class_name\": \"x\"}", "solver_p names another predictor" },
        { Flow, "\"invert_sigmas\": true, \"stochastic_sampling\": true", "invert_sigmas is true" },
        { "EDMEulerScheduler", "\"sigma_data\": 0", "sigma_data" },
        { "EDMEulerScheduler", "\"sigma_max\": 0.001", "sigma_max" },
        { "CMStochasticIterativeScheduler", "\"s_noise\": 2, \"clip_denoised\": false", "s_noise" },
        { "CMStochasticIterativeScheduler", "\"sigma_max\": 80", "clip_denoised is true" },
        { "FlowMatchLCMScheduler", "\"scale_factors\": [0.5, 1]", "scale_factors is set" },
        { "KDPM2DiscreteScheduler", "\"use_karras_sigmas\": true", "rounds the timesteps of its steps" },
        { "IPNDMScheduler", "\"trained_betas\": [0.5, 0.1]", "trained_betas is set" },
        { "DPMSolverMultistepInverseScheduler", "\"algorithm_type\": \"sde-dpmsolver++\"", "has no way back" },
        { "DPMSolverMultistepInverseScheduler", "\"use_karras_sigmas\": true", "not supported towards noise" },
        { "CogVideoXDDIMScheduler", "\"snr_shift_scale\": 0, \"clip_sample\": false", "snr_shift_scale is 0" },
        { Single, "\"algorithm_type\": \"sde-dpmsolver++\"", "Use DPMSolverMultistepScheduler" },
        { Dpm, "\"algorithm_type\": \"sde-dpmsolver++\", \"solver_order\": 3", "the SDE forms have orders 1 and 2" },

        // Contradictory.
        { Dpm, "\"algorithm_type\": \"dpmsolver\"", "Set final_sigmas_type to \"sigma_min\"" },
            {
                Dpm,
                "\"use_karras_sigmas\": true, \"use_lu_lambdas\": true",
                "use_karras_sigmas and use_lu_lambdas are true; at most one can be"
            },
        { Euler, "\"use_exponential_sigmas\": true, \"use_beta_sigmas\": true", "use_exponential_sigmas and use_beta_sigmas are true" },
        { Dpm, "\"prediction_type\": \"flow_prediction\"", "use_flow_sigmas is false" },
        { Dpm, "\"prediction_type\": \"v_prediction\", \"use_flow_sigmas\": true", "For a flow's velocity use \"flow_prediction\"" },
            {
                Dpm,
                "\"prediction_type\": \"flow_prediction\", \"use_flow_sigmas\": true, \"use_karras_sigmas\": true",
                "use_flow_sigmas is true together with Karras"
            },
    };

    [Theory]
    [MemberData(nameof(BadText))]
    public void Parse_RefusesText(string json, string reason, string what)
    {
        Assert.NotEmpty(what);
        var error = Assert.Throws<SchedulerConfigurationException>(() => SchedulerConfiguration.Parse(json));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains("the scheduler configuration", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Parse_RefusesOptions(string scheduler, string options, string reason)
    {
        var error = Assert.Throws<SchedulerConfigurationException>(() => TestConfiguration.Parse(scheduler, options));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("Cannot use the scheduler configuration: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ReadsAFile()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathTo("scheduler_config.json"), "\uFEFF" + TestConfiguration.Json(Euler, StableDiffusion));
        SchedulerConfiguration configuration = SchedulerConfiguration.Load(folder.PathTo("scheduler_config.json"));
        Assert.Equal(Euler, configuration.ClassName);
        Assert.Equal(Prediction.Noise, configuration.Prediction);
        Assert.Equal(1000, configuration.TrainingTimesteps);
        Assert.Equal(1, configuration.TimeScale);
        Assert.StartsWith("EulerDiscreteScheduler on Discrete(1000 steps", configuration.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("Euler, 10 steps from 1 to 0", configuration.ForSteps(10).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SaysWhatIsWrongWithAFile()
    {
        using var folder = new TemporaryFolder();
        var missing = Assert.Throws<SchedulerConfigurationException>(() => SchedulerConfiguration.Load(folder.PathTo("none.json")));
        Assert.Contains("none.json", missing.Message, StringComparison.Ordinal);
        Assert.IsType<FileNotFoundException>(missing.InnerException);

        var isFolder = Assert.Throws<SchedulerConfigurationException>(() => SchedulerConfiguration.Load(folder.FullName));
        Assert.Contains("It is a folder", isFolder.Message, StringComparison.Ordinal);

        // Sparse: it takes no room on the disk.
        using (FileStream huge = File.Create(folder.PathTo("huge.json")))
        {
            huge.SetLength(1L << 40);
        }

        var tooLarge = Assert.Throws<SchedulerConfigurationException>(() => SchedulerConfiguration.Load(folder.PathTo("huge.json")));
        Assert.Contains(
            "it has 1099511627776 bytes; a scheduler's configuration has at most 1048576",
            tooLarge.Message,
            StringComparison.Ordinal);
        Assert.Throws<SchedulerConfigurationException>(() => SchedulerConfiguration.Parse("{}" + new string(' ', 1 << 20)));

        File.WriteAllBytes(folder.PathTo("bytes.json"), [.. "{\"_class_name\": \""u8, 0xff, .. "\"}"u8]);
        Assert.Throws<SchedulerConfigurationException>(() => SchedulerConfiguration.Load(folder.PathTo("bytes.json")));
        Assert.Throws<ArgumentException>(() => SchedulerConfiguration.Load(""));
        Assert.Throws<ArgumentNullException>(() => SchedulerConfiguration.Parse(null!));
    }

    [Fact]
    public void IgnoreClipping_SamplesWithoutIt()
    {
        foreach (string scheduler in new[] { Ddim, Ddpm, "DDIMInverseScheduler" })
        {
            Assert.NotNull(
                SchedulerConfiguration.Parse(TestConfiguration.Json(scheduler, StableDiffusion), ignoreClipping: true).ForSteps(10));
        }

        Assert.NotNull(
            SchedulerConfiguration.Parse(TestConfiguration.Json(Dpm, "\"thresholding\": true"), ignoreClipping: true).ForSteps(10));
    }

    [Fact]
    public void PublishedFiles_AreRead()
    {
        // Stable Diffusion XL: Euler's file still holds options of the scheduler that it was converted from.
        SchedulerConfiguration xl = TestConfiguration.Parse(
            Euler,
            StableDiffusion,
            NoClipping,
            "\"interpolation_type\": \"linear\"",
            "\"num_train_timesteps\": 1000",
            "\"prediction_type\": \"epsilon\"",
            "\"sample_max_value\": 1.0",
            "\"set_alpha_to_one\": false",
            "\"skip_prk_steps\": true",
            "\"steps_offset\": 1",
            "\"timestep_spacing\": \"leading\"",
            "\"trained_betas\": null", "\"use_karras_sigmas\": false");
        Assert.Equal(["clip_sample", "sample_max_value", "set_alpha_to_one", "skip_prk_steps"], xl.IgnoredOptions);

        // Python's infinity, and null where diffusers has it.
        SchedulerConfiguration dpm = TestConfiguration.Parse(
            Dpm,
            StableDiffusion,
            "\"lambda_min_clipped\": -Infinity",
            "\"variance_type\": null",
            "\"use_karras_sigmas\": null",
            "\"_use_default_values\": [\"x\"]");
        Assert.Empty(dpm.IgnoredOptions);
        Close.Equal(TestConfiguration.Parse(Dpm, StableDiffusion).NoiseLevels(20), dpm.NoiseLevels(20));

        // Flux.
        SchedulerConfiguration flux = TestConfiguration.Parse(
            Flow,
            "\"base_image_seq_len\": 256",
            "\"base_shift\": 0.5",
            "\"max_image_seq_len\": 4096",
            "\"max_shift\": 1.15",
            "\"num_train_timesteps\": 1000",
            "\"shift\": 3.0", "\"use_dynamic_shifting\": true");
        Assert.Empty(flux.IgnoredOptions);
        Assert.Equal(28, flux.ForSteps(28, mu: 1.15).Grid.Steps);
    }

    [Fact]
    public void OptionsThatNobodyKnows_AreListed()
    {
        SchedulerConfiguration known = TestConfiguration.Parse(Euler, StableDiffusion);
        SchedulerConfiguration noted = TestConfiguration.Parse(
            Euler,
            StableDiffusion,
            "\"use_karras_sigma\": true",
            "\"my_notes\": {\"by\": [1]}",
            "\"skip_prk_steps\": true",
            "\"_name_or_path\": \"x\"");
        Assert.Equal(["my_notes", "skip_prk_steps", "use_karras_sigma"], noted.IgnoredOptions);
        Close.Equal(known.NoiseLevels(10), noted.NoiseLevels(10));

        // The same value under a name that is known is used.
        Assert.NotEqual(
            known.NoiseLevels(10),
            TestConfiguration.Parse(Euler, StableDiffusion, "\"use_karras_sigmas\": true").NoiseLevels(10));
    }

    // Later schedulers, and options of known ones that no table of coefficients expresses: named, not run as something else.
    [Theory]
    [InlineData("ScoreSdeVeScheduler")]
    [InlineData("VQDiffusionScheduler")]
    [InlineData("DPMSolverSDEScheduler")]
    public void SchedulersThatAreNotSupported_AreNamed(string scheduler) => Assert.Contains(
        $"'{scheduler}', which is not supported",
        Assert.Throws<SchedulerConfigurationException>(() => TestConfiguration.Parse(scheduler, StableDiffusion)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void PythonNumbers_InsideTextStayText() =>
        Assert.Contains("'-Infinity \\\" NaN'", Assert.Throws<SchedulerConfigurationException>(
            () => TestConfiguration.Parse(Euler, "\"beta_start\": \"-Infinity \\\\\\\" NaN\"")).Message, StringComparison.Ordinal);
}
