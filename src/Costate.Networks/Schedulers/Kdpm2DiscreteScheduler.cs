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
        if (options.Flag("use_karras_sigmas", false))
        {
            throw options.Error("use_karras_sigmas is true: the published sampler rounds the timesteps of its steps and not those of their "
                + "middles, which is not supported. Set it to false, or take DPMSolverSinglestepScheduler with solver_order 2.");
        }

        Solver = ancestral ? Solver.Dpm2Ancestral() : Solver.DpmSolverSinglestep(2);
    }

    internal override Prediction Prediction { get; }

    private protected override Solver Solver { get; }
}
