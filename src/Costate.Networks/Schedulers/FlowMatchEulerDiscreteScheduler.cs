namespace Costate.Networks;

/// <summary>
/// FlowMatchEulerDiscreteScheduler and FlowMatchLCMScheduler: Euler's method on a rectified flow, or its data noised anew at each step; the
/// network is told n sigma, or n (1 - sigma).
/// </summary>
internal sealed class FlowMatchEulerDiscreteScheduler : Scheduler
{
    private readonly int trainingSteps;
    private readonly FlowShift shift;
    private readonly SigmaLadder ladder;
    private readonly SigmaEnds ends;
    private readonly Solver solver;

    // The network is told how far the data is reached, and its output points there.
    private readonly bool countsFromNoise;

    internal FlowMatchEulerDiscreteScheduler(SchedulerOptions options, bool distilled)
        : base(options)
    {
        trainingSteps = options.Integer("num_train_timesteps", 1000, 1, int.MaxValue);
        shift = FlowShift.Read(options, "shift", hasLinear: true, hasTerminal: true);
        ladder = SigmaLadders.Read(options, hasLu: false);
        ends = SigmaEnds.Read(options);
        if (ends.Max > 1)
        {
            throw options.Error($"sigma_max is {ends.Max}; the noise level of a flow is at most 1.");
        }

        bool isStochastic = distilled || options.Flag("stochastic_sampling", false);
        countsFromNoise = options.Flag("invert_sigmas", false);
        if (countsFromNoise && isStochastic)
        {
            throw options.Error(
                "invert_sigmas is true beside a sampler that draws noise, which as published takes data for noise there. Set it to false.");
        }

        solver = isStochastic ? Solver.Consistency() : Solver.Euler();
        if (distilled && options.IsSet("scale_factors"))
        {
            throw options.Error(
                "scale_factors is set: the sample grows between steps, which no table of coefficients can do. Set it to null.");
        }

        options.Without("upscale_mode");
        options.Without("base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len");
    }

    internal override NoiseSchedule Schedule { get; } = NoiseSchedule.RectifiedFlow();

    internal override Prediction Prediction => countsFromNoise ? Prediction.NegativeFlow : Prediction.Flow;

    internal override int? TrainingTimesteps => null;

    internal override double TimeScale => trainingSteps;

    internal override bool TakesShift => shift.IsDynamic;

    internal override ScheduledSampling ForSteps(int steps, double? mu)
    {
        // The lower end is shifted twice, as published: once as the end of the training levels, once as a level.
        return ForNoiseLevels(Ramp.Linear(1, shift.Static(1.0 / trainingSteps), steps), mu);
    }

    internal override ScheduledSampling ForNoiseLevels(double[] sigmas, double? mu)
    {
        double[] levels = shift.Apply(sigmas, mu);
        if (ladder != SigmaLadder.None)
        {
            levels = ends.Levels(ladder, levels[0], levels[^1], levels.Length);
        }

        double[] times = [.. levels, 0];
        IEnumerable<double> told = countsFromNoise ? times.Select(time => 1 - time) : times;
        return new ScheduledSampling(Schedule, solver, Grid(levels.Length, times, told));
    }
}
