namespace Costate.Networks;

/// <summary>One scheduler of diffusers with its options read.</summary>
internal abstract class Scheduler
{
    private protected Scheduler(SchedulerOptions options) => Options = options;

    internal abstract NoiseSchedule Schedule { get; }

    internal abstract Prediction Prediction { get; }

    /// <summary>The number of training steps where the network is told a step, null where it is told a noise level.</summary>
    internal abstract int? TrainingTimesteps { get; }

    /// <summary>What the network is told per unit of time where <see cref="TrainingTimesteps"/> is null, else 1.</summary>
    internal virtual double TimeScale => 1;

    /// <summary>Whether the scheduler takes a shift that depends on the resolution, mu.</summary>
    internal virtual bool TakesShift => false;

    /// <summary>Whether a run may be given eta, how much of the noise is drawn anew.</summary>
    internal virtual bool TakesEta => false;

    /// <summary>What it read, for what it refuses later.</summary>
    private protected SchedulerOptions Options { get; }

    internal abstract ScheduledSampling ForSteps(int steps, double? mu);

    /// <summary>The same with an eta in [0, 1], where <see cref="TakesEta"/>.</summary>
    internal virtual ScheduledSampling ForSteps(int steps, double eta) => throw new NotSupportedException();

    /// <summary>Steps on noise levels of the caller's, which fall strictly within (0, 1].</summary>
    internal virtual ScheduledSampling ForNoiseLevels(double[] sigmas, double? mu) =>
        throw Options.Error(
            $"its _class_name is {ErrorText.Quote(Options.ClassName)}, which finds its noise levels itself; only "
                + "FlowMatchEulerDiscreteScheduler and FlowMatchLCMScheduler take them from its caller. Give a number of steps.");

    internal static Scheduler Create(SchedulerOptions options) => options.ClassName switch
    {
        "CMStochasticIterativeScheduler" => new ConsistencyModelScheduler(options),
        "CogVideoXDDIMScheduler" => new DdimScheduler(options, CogVideoXDpmScheduler.ReadNoise(options)),
        "CogVideoXDPMScheduler" => new CogVideoXDpmScheduler(options),
        "DDIMScheduler" => new DdimScheduler(options),
        "DDIMInverseScheduler" => new DdimInverseScheduler(options),
        "DDPMScheduler" => new DdpmScheduler(options),
        "DEISMultistepScheduler" => new DeisMultistepScheduler(options),
        "DPMSolverMultistepInverseScheduler" => new DpmSolverMultistepInverseScheduler(options),
        "DPMSolverMultistepScheduler" => new DpmSolverMultistepScheduler(options),
        "DPMSolverSinglestepScheduler" => new DpmSolverSinglestepScheduler(options),
        "EDMDPMSolverMultistepScheduler" => new EdmDpmSolverMultistepScheduler(options),
        "EDMEulerScheduler" => new EdmEulerScheduler(options),
        "EulerAncestralDiscreteScheduler" => new EulerAncestralDiscreteScheduler(options),
        "EulerDiscreteScheduler" => new EulerDiscreteScheduler(options),
        "FlowMatchEulerDiscreteScheduler" => new FlowMatchEulerDiscreteScheduler(options, distilled: false),
        "FlowMatchHeunDiscreteScheduler" => new FlowMatchHeunDiscreteScheduler(options),
        "FlowMatchLCMScheduler" => new FlowMatchEulerDiscreteScheduler(options, distilled: true),
        "HeunDiscreteScheduler" => new HeunDiscreteScheduler(options),
        "IPNDMScheduler" => new IpndmScheduler(options),
        "KDPM2AncestralDiscreteScheduler" => new Kdpm2DiscreteScheduler(options, ancestral: true),
        "KDPM2DiscreteScheduler" => new Kdpm2DiscreteScheduler(options, ancestral: false),
        "LCMScheduler" => new LcmScheduler(options),
        "LMSDiscreteScheduler" => new LmsDiscreteScheduler(options),
        "PNDMScheduler" => new PndmScheduler(options),
        "SASolverScheduler" => new SaSolverScheduler(options),
        "TCDScheduler" => new TcdScheduler(options),
        "UniPCMultistepScheduler" => new UniPcMultistepScheduler(options),
        _ => throw Unknown(options),
    };

    /// <summary>Reads prediction_type, of which the scheduler has the given ones; the first is the default.</summary>
    private protected static Prediction ReadPrediction(SchedulerOptions options, params string[] types) =>
        options.Choice("prediction_type", types) switch
        {
            "epsilon" => Prediction.Noise,
            "sample" => Prediction.Data,
            "v_prediction" => Prediction.Velocity,
            _ => Prediction.Flow,
        };

    /// <summary>A grid; where there is none, what is said is about the options that lead there.</summary>
    private protected TimeGrid Grid(int steps, IEnumerable<double> times, IEnumerable<double> networkTimes)
    {
        double[] placed = [.. times];
        double[] told = [.. networkTimes];
        if (placed.Length == 1)
        {
            throw Options.Error($"with {Options.Placement()} its only step ends where it begins and moves nothing. Use more steps.");
        }

        for (int i = 0; i < placed.Length; i++)
        {
            if (i > 0 && placed[i] == placed[i - 1])
            {
                throw Options.Error(
                    $"with {Options.Placement()} points {i} and {i + 1} of its {steps} steps have the same noise level. "
                        + "Use fewer steps, or change the file.");
            }

            if (!(placed[i] is >= 0 and <= 1 && double.IsFinite(told[i]) && (i == 0 || placed[i] < placed[i - 1])))
            {
                throw Options.Error(
                    $"with {Options.Placement()} the noise levels of its {steps} steps do not fall from noise to data at point {i + 1}. "
                        + "Change the file.");
            }
        }

        return TimeGrid.FromTimes(placed, told);
    }

    /// <summary>
    /// A grid through noise levels, with the timesteps that the network is told. A last level equal to the one before it is left out.
    /// </summary>
    private protected TimeGrid Grid(int steps, TrainingNoise noise, double[] levels, IEnumerable<double> timesteps, double last)
    {
        IEnumerable<double> times = levels.Select(noise.TimeAt);
        IEnumerable<double> told = timesteps.Select(timestep => (timestep + 1) / noise.Count);
        double end = noise.TimeAt(last);
        return Agree(levels[^1], last) ? Grid(steps, times, told) : Grid(steps, times.Append(end), told.Append(end));
    }

    /// <summary>Whether two noise levels are the same up to rounding.</summary>
    private protected static bool Agree(double a, double b) => Math.Abs(a - b) <= 1e-12 * a;

    private static SchedulerConfigurationException Unknown(SchedulerOptions options)
    {
        string[] near = NearNames.Find(options.ClassName, SchedulerNames.Classes);
        string hint = near.Length == 0 ? "" : $" Did you mean {string.Join(" or ", near)}?";
        return options.Error(
            $"its _class_name is {ErrorText.Quote(options.ClassName)}, which is not supported.{hint} Expected one of "
                + $"{string.Join(", ", SchedulerNames.Classes)}; most share the options of the training schedule, "
                + "so another name in the file reads the same model with another method.");
    }
}
