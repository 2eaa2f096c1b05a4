namespace Costate.Networks;

/// <summary>HeunDiscreteScheduler: Heun's method in sigma/alpha; two evaluations a step, one for the last.</summary>
internal sealed class HeunDiscreteScheduler : NoiseLevelScheduler
{
    internal HeunDiscreteScheduler(SchedulerOptions options)
        : base(options,
            TrainingNoise.Read(options, 0.00085, 0.012, rescales: false, finite: true, [.. BetaSchedules.Usual, BetaSchedules.Exponential]))
    {
        Prediction = ReadPrediction(options, "epsilon", "v_prediction");
        options.RefuseClipping("clip_sample", false);
        options.Without("clip_sample_range");
    }

    internal override Prediction Prediction { get; }

    private protected override Solver Solver => Solver.Heun();
}
