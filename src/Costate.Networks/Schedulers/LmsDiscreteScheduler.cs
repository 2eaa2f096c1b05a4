namespace Costate.Networks;

/// <summary>LMSDiscreteScheduler: Adams-Bashforth of order 4 in sigma/alpha.</summary>
internal sealed class LmsDiscreteScheduler : NoiseLevelScheduler
{
    internal LmsDiscreteScheduler(SchedulerOptions options)
        : base(options, TrainingNoise.Read(options, 0.0001, 0.02, rescales: false, finite: true)) =>
        Prediction = ReadPrediction(options, "epsilon", "sample", "v_prediction");

    internal override Prediction Prediction { get; }

    private protected override Solver Solver => Solver.Lms();
}
