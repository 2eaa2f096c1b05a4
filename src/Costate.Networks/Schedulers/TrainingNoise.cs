namespace Costate.Networks;

/// <summary>
/// The discrete training schedule of a configuration: its betas, the noise levels at its steps, and the schedule through them.
/// </summary>
internal sealed class TrainingNoise
{
    // Zero terminal SNR has an infinite last noise level; schedulers that work on noise levels put this alpha^2 there instead.
    private const double SmallestAlphaSquared = 1.0 / (1 << 24);

    private const int MaxSteps = 100_000;

    private readonly SchedulerOptions options;
    private readonly string name;
    private readonly double[] alphasCumprod;
    private readonly double[] noiseLevels;
    private readonly int knots;
    private readonly double highest;

    private TrainingNoise(SchedulerOptions options, string name, double[] alphasCumprod, NoiseSchedule schedule, int count)
    {
        this.options = options;
        this.name = name;
        this.alphasCumprod = alphasCumprod;
        Schedule = schedule;
        Count = count;
        knots = alphasCumprod.Length;
        noiseLevels = [.. Enumerable.Range(1, count).Select(k => schedule.NoiseToSignal((double)k / knots))];
        highest = schedule.NoiseToSignal(1);
    }

    /// <summary>The number of training steps.</summary>
    internal int Count { get; }

    /// <summary>Whether the file names the cosine schedule.</summary>
    internal bool IsCosine => name == BetaSchedules.Cosine;

    /// <summary>The schedule; training step k lies at time (k + 1)/n.</summary>
    internal NoiseSchedule Schedule { get; }

    /// <summary>The noise level sigma/alpha of each training step, rising.</summary>
    internal IReadOnlyList<double> NoiseLevels => noiseLevels;

    /// <summary>Reads the options that define the training schedule.</summary>
    /// <param name="options">The options.</param>
    /// <param name="betaStart">The scheduler's default of beta_start.</param>
    /// <param name="betaEnd">The scheduler's default of beta_end.</param>
    /// <param name="rescales">Whether it has rescale_betas_zero_snr.</param>
    /// <param name="finite">Whether it needs the last noise level to be finite.</param>
    /// <param name="schedules">The beta schedules that it has, its default first; null for the usual three.</param>
    /// <param name="shiftsSnr">Whether it has snr_shift_scale.</param>
    internal static TrainingNoise Read(
        SchedulerOptions options, double betaStart, double betaEnd, bool rescales, bool finite, string[]? schedules = null,
            bool shiftsSnr = false)
    {
        int count = options.Integer("num_train_timesteps", 1000, 2, MaxSteps);
        double start = options.Number("beta_start", betaStart);
        double end = options.Number("beta_end", betaEnd);
        string name = options.Choice("beta_schedule", schedules ?? BetaSchedules.Usual);
        double[]? trained = options.Numbers("trained_betas");
        if (trained is not null && trained.Length != count)
        {
            throw options.Error($"trained_betas has {trained.Length} numbers but num_train_timesteps is {count}; they must agree.");
        }

        double[] betas = trained ?? BetaSchedules.Create(name, count, start, end);
        int bad = Array.FindIndex(betas, beta => !(beta is > 0 and < 1));
        if (bad >= 0)
        {
            throw options.Error(trained is null
                ? $"beta_start {start} and beta_end {end} give beta {betas[bad]} at training step {bad}; each must lie between 0 and 1."
                : $"trained_betas holds {betas[bad]} at training step {bad}; each must lie between 0 and 1.");
        }

        NoiseSchedule schedule = NoiseSchedule.FromBetas(betas);
        if (finite && !double.IsFinite(schedule.NoiseToSignal(1)))
        {
            throw options.Error(
                $"with {options.Placement()} no signal is left at the last training step, and this scheduler divides by it. "
                    + "Change the file.");
        }

        double[] alphasCumprod = [.. Enumerable.Range(1, count).Select(k => Math.Exp(2 * schedule.LogAlpha((double)k / count)))];
        double snr = shiftsSnr ? options.Number("snr_shift_scale", 3) : 1;
        if (!(snr > 0))
        {
            throw options.Error($"snr_shift_scale is {snr}; it must be positive.");
        }

        if (snr != 1)
        {
            alphasCumprod = [.. alphasCumprod.Select(signal => signal / (snr + ((1 - snr) * signal)))];
            schedule = Through(options, alphasCumprod);
        }

        if (!rescales || !options.Flag("rescale_betas_zero_snr", false))
        {
            return new TrainingNoise(options, name, alphasCumprod, schedule, count);
        }

        alphasCumprod = BetaSchedules.WithZeroTerminalSnr(alphasCumprod);
        alphasCumprod[^1] = finite ? SmallestAlphaSquared : 0;
        return new TrainingNoise(options, name, alphasCumprod, Through(options, alphasCumprod), count);
    }

    /// <summary>The same with a schedule that reaches up to a noise level: one knot more where training ended below it.</summary>
    internal TrainingNoise ReachingTo(double noiseLevel)
    {
        if (noiseLevel <= noiseLevels[^1])
        {
            return this;
        }

        double[] longer = [.. alphasCumprod, 1 / (1 + (noiseLevel * noiseLevel))];
        return new TrainingNoise(options, name, longer, Through(options, longer), Count);
    }

    /// <summary>The time of a whole training step; it must be one.</summary>
    internal double TimeOf(double timestep) => timestep >= 0 && timestep < Count
        ? (timestep + 1) / Count
            : throw options.Error(
                $"its spacing leads to timestep {timestep}, but training had the timesteps 0 to {Count - 1}. Lower steps_offset.");

    /// <summary>The time at which the schedule has a noise level; exact at training steps and at 0, NaN above the highest.</summary>
    internal double TimeAt(double noiseLevel)
    {
        if (noiseLevel == 0)
        {
            return 0;
        }

        // A rounding error above the highest is the highest.
        if (!(noiseLevel <= highest * (1 + 1e-12)))
        {
            return double.NaN;
        }

        double position = Schedule.TimeAtHalfLogSnr(-Math.Log(noiseLevel)) * knots;
        double nearest = Math.Round(position);
        return (Math.Abs(position - nearest) < 1e-9 ? nearest : position) / knots;
    }

    /// <summary>The noise level at a timestep that need not be whole: linear between the training steps, constant beyond them.</summary>
    internal double NoiseLevelAt(double timestep)
    {
        double position = Math.Clamp(timestep, 0, Count - 1);
        int k = Math.Min((int)position, Count - 2);
        double fraction = position - k;
        return fraction == 0 ? noiseLevels[k]
            : fraction == 1 ? noiseLevels[k + 1]
            : noiseLevels[k] + (fraction * (noiseLevels[k + 1] - noiseLevels[k]));
    }

    /// <summary>The timestep, not whole, at which training had a noise level: linear in its logarithm, constant beyond the ends.</summary>
    internal double TimestepAt(double noiseLevel)
    {
        double log = Math.Log(Math.Max(noiseLevel, 1e-10));
        int found = Array.BinarySearch(noiseLevels, noiseLevel);
        int low = Math.Clamp(found >= 0 ? found : ~found - 1, 0, Count - 2);
        (double a, double b) = (Math.Log(noiseLevels[low]), Math.Log(noiseLevels[low + 1]));
        return low + Math.Clamp((log - a) / (b - a), 0, 1);
    }

    private static NoiseSchedule Through(SchedulerOptions options, double[] alphasCumprod)
    {
        int last = alphasCumprod.Length - 1;
        int bad = Enumerable
            .Range(1, last)
            .FirstOrDefault(k => !(alphasCumprod[k] < alphasCumprod[k - 1] && (alphasCumprod[k] > 0 || k == last)));
        return bad == 0
            ? NoiseSchedule.FromAlphasCumprod(alphasCumprod)
            : throw options.Error(
                $"with {options.Placement()} the signal, alpha^2, does not fall at training step {bad}: "
                    + $"it is {alphasCumprod[bad]} after {alphasCumprod[bad - 1]}. Change the file.");
    }
}
