namespace Costate.Networks;

/// <summary>EulerAncestralDiscreteScheduler: Euler's method down to where fresh noise leads up to the next level, which is DDPM's
/// map.</summary>
internal sealed class EulerAncestralDiscreteScheduler : NoiseLevelScheduler
{
    internal EulerAncestralDiscreteScheduler(SchedulerOptions options)
        : base(options, TrainingNoise.Read(options, 0.0001, 0.02, rescales: true, finite: true), hasLadder: false) =>
        Prediction = ReadPrediction(options, "epsilon", "v_prediction");

    internal override Prediction Prediction { get; }

    private protected override Solver Solver => Solver.Ddpm();
}
