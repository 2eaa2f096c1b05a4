namespace Costate.Networks;

/// <summary>DPMSolverMultistepInverseScheduler: DPM-Solver and DPM-Solver++ multistep run from data to noise.</summary>
internal sealed class DpmSolverMultistepInverseScheduler : Scheduler
{
    private readonly TrainingNoise noise;
    private readonly string spacing;
    private readonly int offset;
    private readonly DpmSolverKind kind;
    private readonly bool lowerOrderFinal;
    private readonly bool eulerAtFinal;

    internal DpmSolverMultistepInverseScheduler(SchedulerOptions options)
        : base(options)
    {
        noise = TrainingNoise.Read(options, 0.0001, 0.02, rescales: false, finite: true);
        Prediction = ReadPrediction(options, "epsilon", "sample", "v_prediction");
        spacing = options.Choice("timestep_spacing", "linspace", "leading", "trailing");
        offset = options.Integer("steps_offset", 0, 0, noise.Count - 1);
        kind = DpmSolverKind.Read(options, endsAtZero: false);
        lowerOrderFinal = options.Flag("lower_order_final", true);
        eulerAtFinal = options.Flag("euler_at_final", false);
        options.RefuseClipping("thresholding", false);
        options.Without("dynamic_thresholding_ratio", "sample_max_value");
        if (kind.Stochastic)
        {
            throw options.Error("algorithm_type is an SDE form, which has no way back. Use \"dpmsolver++\".");
        }

        if (SigmaLadders.Read(options, hasLu: false) != SigmaLadder.None
            || options.Flag("use_flow_sigmas", false) || options.NumberOrMinusInfinity("lambda_min_clipped") > double.NegativeInfinity)
        {
            throw options.Error(
                "it asks for noise levels that are not those of training steps (use_karras_sigmas and its like, use_flow_sigmas, "
                + "lambda_min_clipped), which are not supported towards noise. Set them to false.");
        }
    }

    internal override NoiseSchedule Schedule => noise.Schedule;

    internal override Prediction Prediction { get; }

    internal override int? TrainingTimesteps => noise.Count;

    internal override ScheduledSampling ForSteps(int steps, double? mu)
    {
        double[] rising = spacing switch
        {
            "linspace" => [.. Ramp.Linspace(noise.Count - 1, steps + 1, steps + 1).Reverse().Take(steps)],
            "leading" => [.. Ramp.Leading(noise.Count / (steps + 1), steps, 0, offset).Reverse()],
            _ => [.. Ramp.Trailing(noise.Count, (double)noise.Count / steps, steps).Reverse()],
        };
        bool reaches = rising[^1] == noise.Count - 1;
        double[] times = [.. rising.Select(noise.TimeOf), .. Enumerable.Repeat(1.0, reaches ? 0 : 1)];
        TimeGrid grid = Grid(steps, times.Reverse(), times.Reverse()).Reversed();
        const int Few = DpmSolverMethod.FewSteps;
        var solver = new ExponentialMultistep(kind.Name("M"), kind.Prediction, kind.Order)
        {
            Type = kind.Type,
            HalvesSecondDerivative = true,
            RepeatsEnd = reaches,
            FinalSteps = lowerOrderFinal && steps < Few ? FinalSteps.LowerOrder : eulerAtFinal ? FinalSteps.EulerLast
                : FinalSteps.FullOrder,
        };
        return new ScheduledSampling(Schedule, solver, grid);
    }
}
