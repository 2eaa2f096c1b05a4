using System.Text;
using System.Text.Json;

namespace Costate.Networks;

/// <summary>
/// A model's <c>scheduler_config.json</c> as diffusers 0.38 understands it: the training schedule, what the network predicts and is
/// told, and the published sampler as a <see cref="Solver"/> on a <see cref="TimeGrid"/>.
/// </summary>
/// <example>
/// <code>
/// var configuration = SchedulerConfiguration.Load("model/scheduler/scheduler_config.json");
/// Denoiser denoiser = Denoiser.FromModule(network, configuration.Prediction, configuration.TimeScale, configuration.TrainingTimesteps);
/// ScheduledSampling run = configuration.ForSteps(50);
/// var sampler = new Sampler(denoiser, run.Schedule, run.Solver, run.Grid);
/// </code>
/// </example>
/// <remarks>
/// States, times and coefficients agree with diffusers up to the rounding of its 32-bit tables. Options that no linear sampler can
/// express are refused with a reason; options that the scheduler does not have are listed. Immutable and safe to share between threads.
/// </remarks>
public sealed class SchedulerConfiguration
{
    private const string PredictionType = "prediction_type";

    private static readonly string[] Predictions = ["epsilon", "sample", "v_prediction", "flow_prediction"];

    private readonly Scheduler scheduler;

    private SchedulerConfiguration(SchedulerOptions options)
    {
        scheduler = Scheduler.Create(options);
        ClassName = options.ClassName;
        IgnoredOptions = Array.AsReadOnly(options.Unread());
    }

    /// <summary>The names of the schedulers that can be read.</summary>
    public static IReadOnlyList<string> SupportedClasses => SchedulerNames.Classes;

    /// <summary>The scheduler's name in diffusers, such as "DDIMScheduler".</summary>
    public string ClassName { get; }

    /// <summary>
    /// The schedule that the model was trained on. Training step k of n lies at time (k + 1)/n (one step more lies above them where
    /// sigma_max exceeds the training's); a flow's time is its noise level.
    /// </summary>
    public NoiseSchedule Schedule => scheduler.Schedule;

    /// <summary>What the network predicts.</summary>
    public Prediction Prediction => scheduler.Prediction;

    /// <summary>
    /// The number of training steps, for a <see cref="Denoiser"/>; null for a flow, whose network is told <see cref="TimeScale"/> times the
    /// noise level, and for EDM's, which is told of its logarithm.
    /// </summary>
    public int? TrainingTimesteps => scheduler.TrainingTimesteps;

    /// <summary>
    /// What a flow's network is told per unit of time, for a <see cref="Denoiser"/>; 1 where <see cref="TrainingTimesteps"/> is given.
    /// </summary>
    public double TimeScale => scheduler.TimeScale;

    /// <summary>Whether its shift depends on the size of the picture, so that runs are given one.</summary>
    internal bool TakesShift => scheduler.TakesShift;

    /// <summary>
    /// Options that the file holds and this scheduler does not have, sorted by name: those of diffusers' other schedulers, which are left
    /// from a conversion, those of programs that keep notes of their own in the file, and misspelt ones. diffusers ignores them too.
    /// </summary>
    public IReadOnlyList<string> IgnoredOptions { get; private set; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The path of a scheduler_config.json, of at most 1 MiB.</param>
    /// <param name="ignoreClipping">
    /// Sample without the clipping or thresholding that the file asks for, or have the network do it
    /// (<see cref="ScheduledSampling.Clipped"/>):
    /// it is not linear, so that no solver can; without this, such a file is refused. DDIM and DDPM clip unless the file says
    /// otherwise. The default value is false.
    /// </param>
    /// <exception cref="SchedulerConfigurationException">The file cannot be read, is damaged, names a scheduler that is not supported, or
    /// asks for something contradictory or impossible here.</exception>
    public static SchedulerConfiguration Load(string path, bool ignoreClipping = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string source = $"'{path}'";
        return Read(source, SchedulerJson.ReadFile(source, path), ignoreClipping);
    }

    /// <summary>Reads the text of a scheduler_config.json.</summary>
    /// <param name="json">The text, of at most 1 MiB in UTF-8. Python's <c>-Infinity</c> is understood.</param>
    /// <param name="ignoreClipping">As for <see cref="Load"/>.</param>
    /// <exception cref="SchedulerConfigurationException">The text is not valid, names a scheduler that is not supported, or asks for
    /// something contradictory or impossible here.</exception>
    public static SchedulerConfiguration Parse(string json, bool ignoreClipping = false)
    {
        ArgumentNullException.ThrowIfNull(json);
        const string source = "the scheduler configuration";
        return json.Length > SchedulerJson.MaxBytes
            ? throw SchedulerJson.TooLarge(source, json.Length)
            : Read(source, Encoding.UTF8.GetBytes(json), ignoreClipping);
    }

    /// <summary>Reads a file as the pipelines of Stable Diffusion 1 and 2 do, whose first files were wrong: with a steps_offset of 1, and
    /// without clip_sample.</summary>
    /// <param name="path">The file.</param>
    /// <param name="className">Another scheduler to read it as; null for its own.</param>
    /// <param name="prediction">What the network predicts; null for what the file says.</param>
    /// <exception cref="InputException">The file does not tell what the network predicts, or the scheduler has no such
    /// prediction.</exception>
    internal static SchedulerConfiguration OfPipeline(string path, string? className, Prediction? prediction = null)
    {
        string source = $"'{path}'";
        return OfPipeline(source, SchedulerJson.ReadFile(source, path), className, prediction);
    }

    /// <summary>The same of a text that this library has of a published model.</summary>
    /// <param name="source">What messages call it.</param>
    /// <param name="json">The text.</param>
    /// <param name="className">As for a file.</param>
    /// <param name="prediction">What the network predicts.</param>
    internal static SchedulerConfiguration OfPublished(string source, string json, string? className, Prediction prediction)
    {
        SchedulerConfiguration read = OfPipeline(source, Encoding.UTF8.GetBytes(json), className, prediction);

        // No user has written them.
        read.IgnoredOptions = [];
        return read;
    }

    private static SchedulerConfiguration OfPipeline(string source, byte[] utf8, string? className, Prediction? prediction)
    {
        Dictionary<string, JsonElement> values = SchedulerJson.Parse(source, utf8);
        HashSet<string> given = [.. values.Keys];
        Set("steps_offset", "1");
        Set("clip_sample", "false");
        if (className is not null)
        {
            Set("_class_name", $"\"{JsonEncodedText.Encode(className)}\"");
        }

        if (prediction is null && values.TryGetValue(PredictionType, out JsonElement said) && said.ValueKind == JsonValueKind.String
            && !Predictions.Contains(said.GetString()))
        {
            throw new InputException(
                nameof(prediction),
                "nothing",
                $"noise, data or velocity, as the network predicts: {source} does not tell, its {PredictionType} is "
                    + ErrorText.Quote(said.GetString()!));
        }

        if (prediction is { } told)
        {
            Set(PredictionType, told switch
            {
                Prediction.Noise => "\"epsilon\"",
                Prediction.Data => "\"sample\"",
                Prediction.Velocity => "\"v_prediction\"",
                _ => throw new InputException(nameof(prediction), $"{told}", "Noise, Data or Velocity, as such networks predict"),
            });
        }

        var read = new SchedulerConfiguration(new SchedulerOptions(source, values, ignoreClipping: false));
        read.IgnoredOptions = [.. read.IgnoredOptions.Where(given.Contains)];
        return read;

        void Set(string name, string json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            values[name] = document.RootElement.Clone();
        }
    }

    /// <summary>The published sampler for a number of steps.</summary>
    /// <param name="steps">The number of steps, num_inference_steps of diffusers.</param>
    /// <param name="mu">
    /// The shift that depends on the resolution, where use_dynamic_shifting is true; pipelines compute it from the number of image
    /// tokens as <c>base_shift + (tokens - base_image_seq_len) (max_shift - base_shift)/(max_image_seq_len - base_image_seq_len)</c>.
    /// Null otherwise.
    /// </param>
    /// <param name="eta">
    /// How much of the noise is drawn anew at each step, in [0, 1]: eta of DDIMScheduler's steps (0 unless given), gamma of TCDScheduler's
    /// (0.3 unless given). Null for others.
    /// </param>
    /// <exception cref="InputException">
    /// <paramref name="steps"/> is below 1 or above the number of training steps; <paramref name="mu"/> or <paramref name="eta"/> is
    /// missing, does not fit, or is given where the configuration has no use for it.
    /// </exception>
    /// <exception cref="SchedulerConfigurationException">The options contradict each other, or place two of so many steps on one noise
    /// level.</exception>
    /// <remarks>
    /// This is the class by itself. The pipelines of FLUX, Qwen-Image, LTX and HunyuanVideo hand noise levels of their own to a flow's
    /// scheduler: see <see cref="ForNoiseLevels"/>.
    /// </remarks>
    public ScheduledSampling ForSteps(int steps, double? mu = null, double? eta = null)
    {
        if (steps < 1)
        {
            throw new InputException(nameof(steps), $"{steps}", "at least 1");
        }

        CheckShift(mu);
        if (eta is not { } given)
        {
            return scheduler.ForSteps(steps, mu);
        }

        return !scheduler.TakesEta ? throw new InputException(nameof(eta), $"{eta}", $"left out, as {ClassName} has no eta")
            : given is >= 0 and <= 1 ? scheduler.ForSteps(steps, given)
            : throw new InputException(nameof(eta), $"{eta}", "in [0, 1]");
    }

    /// <summary>The published sampler on noise levels that the caller chooses, as some pipelines do for a flow.</summary>
    /// <param name="sigmas">
    /// The noise levels before the configuration's shift, one for each step, falling strictly within (0, 1]; <c>sigmas</c> of diffusers'
    /// set_timesteps. The level of the sample, 0, is added. Pipelines take n levels from 1 to 1/n: <c>1, 0.75, 0.5, 0.25</c> for 4 steps.
    /// Without them the last evaluation of a dynamically shifted flow is spent at a noise level near 0, where it does little.
    /// </param>
    /// <param name="mu">As for <see cref="ForSteps"/>.</param>
    /// <returns>A sampler of as many steps as there are levels, which are shifted (and stretched to shift_terminal) as the configuration
    /// says.</returns>
    /// <exception cref="InputException">The levels are none, leave (0, 1] or do not fall; or <paramref name="mu"/>, as for
    /// <see cref="ForSteps"/>.</exception>
    /// <exception cref="SchedulerConfigurationException">The scheduler is neither FlowMatchEulerDiscreteScheduler nor
    /// FlowMatchLCMScheduler, or its options put two levels on one.</exception>
    public ScheduledSampling ForNoiseLevels(double[] sigmas, double? mu = null)
    {
        ArgumentNullException.ThrowIfNull(sigmas);
        const string expected = "noise levels that fall strictly within (0, 1], such as 1, 0.75, 0.5, 0.25";
        if (sigmas.Length == 0)
        {
            throw new InputException(nameof(sigmas), "no numbers", expected);
        }

        for (int i = 0; i < sigmas.Length; i++)
        {
            if (!(sigmas[i] > 0 && sigmas[i] <= (i == 0 ? 1 : Math.BitDecrement(sigmas[i - 1]))))
            {
                string after = i == 0 ? "" : $" after {sigmas[i - 1]}";
                string remedy = sigmas[i] == 0 && i == sigmas.Length - 1 ? "Leave out the last: the sample's level of 0 is added." : "";
                throw new InputException(nameof(sigmas), $"{sigmas[i]}{after} as number {i + 1}", expected, remedy);
            }
        }

        CheckShift(mu);
        return scheduler.ForNoiseLevels([.. sigmas], mu);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{ClassName} on {Schedule}";

    private void CheckShift(double? mu)
    {
        if (mu is null && scheduler.TakesShift)
        {
            throw new InputException(
                nameof(mu),
                "nothing",
                "a number, as use_dynamic_shifting is true and the shift depends on the image's size",
                "Take what pipelines compute from the number of image tokens; or set use_dynamic_shifting to false and the static shift "
                    + "to exp(mu).");
        }

        if (mu is double given && !(scheduler.TakesShift && double.IsFinite(given)))
        {
            throw scheduler.TakesShift
                ? new InputException(nameof(mu), $"{given}", "finite")
                : new InputException(nameof(mu), $"{given}", "left out, as this configuration has no dynamic shifting");
        }
    }

    private static SchedulerConfiguration Read(string source, byte[] utf8, bool ignoreClipping) =>
        new(new SchedulerOptions(source, SchedulerJson.Parse(source, utf8), ignoreClipping));
}
