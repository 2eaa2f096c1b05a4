namespace Costate.Networks;

/// <summary>
/// KDPM2DiscreteScheduler and KDPM2AncestralDiscreteScheduler: the midpoint method in sigma/alpha, the middle in its logarithm. Without
/// fresh noise that is DPM-Solver-2.
/// </summary>
internal sealed class Kdpm2DiscreteScheduler : NoiseLevelScheduler
{
    internal Kdpm2DiscreteScheduler(SchedulerOptions options, bool ancestral)
        : base(options, TrainingNoise.Read(options, 0.00085, 0.012, rescales: false, finite: true))
    {
        Prediction = ReadPrediction(options, "epsilon", "v_prediction");
        Solver = ancestral ? Solver.Dpm2Ancestral() : Solver.DpmSolverSinglestep(2);
    }

    internal override Prediction Prediction { get; }

    private protected override Solver Solver { get; }
}
