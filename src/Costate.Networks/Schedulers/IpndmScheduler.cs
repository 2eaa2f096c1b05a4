namespace Costate.Networks;

/// <summary>IPNDMScheduler: pseudo linear multistep of orders 1 to 4 on a schedule of its own, whose noise is the squared sine of
/// time.</summary>
internal sealed class IpndmScheduler : Scheduler
{
    internal IpndmScheduler(SchedulerOptions options)
        : base(options)
    {
        options.Without("num_train_timesteps");
        if (options.IsSet("trained_betas"))
        {
            throw options.Error("trained_betas is set; this scheduler is read with the schedule of its own only. Set it to null.");
        }
    }

    internal override NoiseSchedule Schedule { get; } = NoiseSchedule.VpCosine(0);

    internal override Prediction Prediction => Prediction.Velocity;

    internal override int? TrainingTimesteps => null;

    internal override ScheduledSampling ForSteps(int steps, double? mu)
    {
        // Of the cosine schedule the noise is the sine of time, here its square at equal steps.
        double[] times = [.. Ramp.Linear(1, 0, steps + 1).Select(t => 2 / Math.PI * Math.Asin(Math.Pow(Math.Sin(t * Math.PI / 2), 2)))];
        (times[0], times[^1]) = (1, 0);
        var solver = new PseudoMultistep("IPNDM", PseudoStart.Rising) { StartsFromNoiseAlone = true };
        return new ScheduledSampling(Schedule, solver, Grid(steps, times, times));
    }
}
