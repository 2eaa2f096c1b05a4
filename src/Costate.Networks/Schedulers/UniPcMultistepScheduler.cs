namespace Costate.Networks;

/// <summary>UniPCMultistepScheduler: UniPC, predictor and corrector.</summary>
internal sealed class UniPcMultistepScheduler : MultistepScheduler
{
    private readonly int order;
    private readonly Prediction prediction;
    private readonly UniPcVariant variant;
    private readonly bool lowerOrderFinal;
    private readonly int[] uncorrectedSteps;

    internal UniPcMultistepScheduler(SchedulerOptions options)
        : base(options, new MultistepFeatures { Rescales = true, RepeatsLevels = true, FlowFromOne = true })
    {
        order = options.Integer("solver_order", 2, 1, 3);
        prediction = options.Flag("predict_x0", true) ? Prediction.Data : Prediction.Noise;

        // The names of other families stand for bh2, as in diffusers.
        variant = options.Choice("solver_type", "bh2", "bh1", "midpoint", "heun", "logrho") == "bh1" ? UniPcVariant.Bh1 : UniPcVariant.Bh2;
        lowerOrderFinal = options.Flag("lower_order_final", true);
        double[] uncorrected = options.Numbers("disable_corrector") ?? [];
        uncorrectedSteps = uncorrected.All(step => step >= 0 && step == Math.Floor(step) && step < int.MaxValue)
            ? [.. uncorrected.Select(step => (int)step)]
            : throw options.Error("disable_corrector holds what is no step; expected whole numbers from 0.");
        if (options.IsSet("solver_p"))
        {
            throw options.Error("solver_p names another predictor, which is not supported. Set it to null.");
        }
    }

    // As published: in noise prediction thresholding is passed over.
    private protected override bool ClipsData => prediction == Prediction.Data;

    private protected override Solver CreateSolver(int steps, bool repeatsEnd) => new UniPc(order, prediction)
    {
        Variant = variant,
        UncorrectedSteps = uncorrectedSteps,
        RepeatsEnd = repeatsEnd,
        FinalSteps = lowerOrderFinal ? FinalSteps.LowerOrder : FinalSteps.FullOrder,
    };
}
