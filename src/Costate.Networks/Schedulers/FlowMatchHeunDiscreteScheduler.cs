namespace Costate.Networks;

/// <summary>FlowMatchHeunDiscreteScheduler: Heun's method on a rectified flow; the network is told n sigma.</summary>
internal sealed class FlowMatchHeunDiscreteScheduler : Scheduler
{
    private readonly int trainingSteps;
    private readonly FlowShift shift;

    internal FlowMatchHeunDiscreteScheduler(SchedulerOptions options)
        : base(options)
    {
        trainingSteps = options.Integer("num_train_timesteps", 1000, 1, int.MaxValue);
        shift = FlowShift.ReadStatic(options, "shift");
    }

    internal override NoiseSchedule Schedule { get; } = NoiseSchedule.RectifiedFlow();

    internal override Prediction Prediction => Prediction.Flow;

    internal override int? TrainingTimesteps => null;

    internal override double TimeScale => trainingSteps;

    internal override ScheduledSampling ForSteps(int steps, double? mu)
    {
        // The lower end is shifted twice, as published: once as the end of the training levels, once as a level.
        double[] times = [.. shift.Apply(Ramp.Linear(1, shift.Static(1.0 / trainingSteps), steps), null), 0];
        return new ScheduledSampling(Schedule, Solver.Heun(), Grid(steps, times, times));
    }
}
