namespace Costate.Networks;

/// <summary>EulerDiscreteScheduler: Euler's method in sigma/alpha.</summary>
internal sealed class EulerDiscreteScheduler : NoiseLevelScheduler
{
    internal EulerDiscreteScheduler(SchedulerOptions options)
        : base(options, TrainingNoise.Read(options, 0.0001, 0.02, rescales: true, finite: true))
    {
        Prediction = ReadPrediction(options, "epsilon", "sample", "v_prediction");
        EndsAtZero = options.Choice("final_sigmas_type", "zero", "sigma_min") == "zero";
        LogLinear = options.Choice("interpolation_type", "linear", "log_linear") == "log_linear";
        bool continuous = options.Choice("timestep_type", "discrete", "continuous") == "continuous";

        // diffusers does so for this prediction only.
        TellsLogarithm = continuous && Prediction == Prediction.Velocity;
    }

    internal override Prediction Prediction { get; }

    private protected override bool EndsAtZero { get; }

    private protected override bool LogLinear { get; }

    private protected override bool TellsLogarithm { get; }

    private protected override Solver Solver => Solver.Euler();
}
