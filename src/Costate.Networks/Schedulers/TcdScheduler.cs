namespace Costate.Networks;

/// <summary>TCDScheduler: strategic stochastic sampling; the eta of its steps is the paper's gamma.</summary>
internal sealed class TcdScheduler : DistilledScheduler
{
    internal TcdScheduler(SchedulerOptions options)
        : base(options)
    {
    }

    internal override bool TakesEta => true;

    internal override ScheduledSampling ForSteps(int steps, double? mu) => ForSteps(steps, 0.3);

    internal override ScheduledSampling ForSteps(int steps, double eta)
    {
        double[] timesteps = Timesteps(steps);

        // The sample is at the first training step, not below it.
        double[] next = [.. timesteps.Skip(1), 0];
        double[] times = [Noise.TimeOf(timesteps[0]), .. next.Select(Noise.TimeOf)];
        double[] turns = [.. next.Select(t => Noise.TimeOf(Math.Floor((1 - eta) * t)))];
        return new ScheduledSampling(Schedule, new TrajectoryConsistency(eta) { Turns = turns }, Grid(steps, times, times));
    }
}
