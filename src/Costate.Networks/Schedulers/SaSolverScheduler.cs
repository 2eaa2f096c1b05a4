namespace Costate.Networks;

/// <summary>SASolverScheduler: the stochastic Adams method, with noise at the timesteps 200 to 800 only.</summary>
internal sealed class SaSolverScheduler : MultistepScheduler
{
    private const double FirstNoisy = 200;
    private const double LastNoisy = 800;

    private readonly int predictor;
    private readonly int corrector;
    private readonly bool lowerOrderFinal;

    internal SaSolverScheduler(SchedulerOptions options)
        : base(options, new MultistepFeatures { ClipsLambda = true, CanEndAtZero = false, RepeatsLevels = true })
    {
        predictor = options.Integer("predictor_order", 2, 1, 4);
        corrector = options.Integer("corrector_order", 2, 1, 4);
        lowerOrderFinal = options.Flag("lower_order_final", true);
        if (options.Choice("algorithm_type", "data_prediction", "noise_prediction") != "data_prediction")
        {
            throw options.Error("algorithm_type is \"noise_prediction\", which is not supported. Use \"data_prediction\".");
        }

        if (options.IsSet("tau_func") || options.IsSet("variance_type"))
        {
            throw options.Error(
                "tau_func or variance_type is set; noise is known at timesteps 200 to 800 only, and a predicted variance is not used. "
                + "Set them to null.");
        }
    }

    private protected override Solver CreateSolver(int steps, bool repeatsEnd)
    {
        // What the network is told is (t + 1)/n, or t/n for a flow.
        double count = TrainingTimesteps ?? TimeScale;
        double shift = TrainingTimesteps is null ? 0 : 1;
        const double Rounding = 1e-6;
        return new StochasticAdams(predictor, corrector, 1)
        {
            LowerOrderFinal = lowerOrderFinal,
            RepeatsEnd = repeatsEnd,
            Active = ((FirstNoisy + shift - Rounding) / count, (LastNoisy + shift + Rounding) / count),
        };
    }
}
