using System.Text;

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
/// express are refused with a reason; options that nobody knows are refused by name. Immutable and safe to share between threads.
/// </remarks>
public sealed class SchedulerConfiguration
{
    private readonly Scheduler scheduler;

    private SchedulerConfiguration(SchedulerOptions options)
    {
        scheduler = Scheduler.Create(options);
        ClassName = options.ClassName;
        IgnoredOptions = Array.AsReadOnly(options.CheckNames());
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

    /// <summary>The number of training steps, for a <see cref="Denoiser"/>; null for a flow, whose network is told <see cref="TimeScale"/> times the noise level.</summary>
    public int? TrainingTimesteps => scheduler.TrainingTimesteps;

    /// <summary>What a flow's network is told per unit of time, for a <see cref="Denoiser"/>; 1 where <see cref="TrainingTimesteps"/> is given.</summary>
    public double TimeScale => scheduler.TimeScale;

    /// <summary>
    /// Options of diffusers' other schedulers that the file holds and this scheduler does not have. diffusers ignores them too;
    /// published files often hold some that are left from a conversion.
    /// </summary>
    public IReadOnlyList<string> IgnoredOptions { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The path of a scheduler_config.json, of at most 1 MiB.</param>
    /// <param name="ignoreClipping">
    /// Sample without the clipping or thresholding that the file asks for. It is not linear and cannot be had; without this, such a
    /// file is refused. DDIM and DDPM clip unless the file says otherwise. The default value is false.
    /// </param>
    /// <exception cref="SchedulerConfigurationException">The file cannot be read, is damaged, or asks for something unknown, contradictory or impossible here.</exception>
    public static SchedulerConfiguration Load(string path, bool ignoreClipping = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string source = $"'{path}'";
        return Read(source, SchedulerJson.ReadFile(source, path), ignoreClipping);
    }

    /// <summary>Reads the text of a scheduler_config.json.</summary>
    /// <param name="json">The text, of at most 1 MiB in UTF-8. Python's <c>-Infinity</c> is understood.</param>
    /// <param name="ignoreClipping">As for <see cref="Load"/>.</param>
    /// <exception cref="SchedulerConfigurationException">The text is not valid, or asks for something unknown, contradictory or impossible here.</exception>
    public static SchedulerConfiguration Parse(string json, bool ignoreClipping = false)
    {
        ArgumentNullException.ThrowIfNull(json);
        const string source = "the scheduler configuration";
        return json.Length > SchedulerJson.MaxBytes
            ? throw SchedulerJson.TooLarge(source, json.Length)
            : Read(source, Encoding.UTF8.GetBytes(json), ignoreClipping);
    }

    /// <summary>The published sampler for a number of steps.</summary>
    /// <param name="steps">The number of steps, num_inference_steps of diffusers.</param>
    /// <param name="mu">
    /// The shift that depends on the resolution, where use_dynamic_shifting is true; pipelines compute it from the number of image
    /// tokens as <c>base_shift + (tokens - base_image_seq_len) (max_shift - base_shift)/(max_image_seq_len - base_image_seq_len)</c>.
    /// Null otherwise.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is below 1, or more than the scheduler can place.</exception>
    /// <exception cref="ArgumentException"><paramref name="mu"/> is missing, not finite, or given where the configuration has no use for it.</exception>
    /// <exception cref="SchedulerConfigurationException">The options contradict each other for this number of steps.</exception>
    public ScheduledSampling ForSteps(int steps, double? mu = null)
    {
        if (steps < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(steps), steps, $"Got {steps} steps; a sampler takes at least one.");
        }

        if (mu is null && scheduler.TakesShift)
        {
            throw new ArgumentException("use_dynamic_shifting is true: the shift depends on the image's size. Pass mu, which pipelines compute from the number of image tokens; or set use_dynamic_shifting to false and the static shift to exp(mu).", nameof(mu));
        }

        if (mu is double given && !(scheduler.TakesShift && double.IsFinite(given)))
        {
            throw new ArgumentException($"Got mu {given}; {(scheduler.TakesShift ? "it must be finite." : "this configuration has no dynamic shifting. Pass null.")}", nameof(mu));
        }

        return scheduler.ForSteps(steps, mu);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{ClassName} on {Schedule}";

    private static SchedulerConfiguration Read(string source, byte[] utf8, bool ignoreClipping) =>
        new(new SchedulerOptions(source, SchedulerJson.Parse(source, utf8), ignoreClipping));
}
