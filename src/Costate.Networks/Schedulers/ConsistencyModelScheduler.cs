namespace Costate.Networks;

/// <summary>
/// CMStochasticIterativeScheduler: multistep sampling of a consistency model in EDM's preconditioning (Song et al. 2023, algorithm 1).
/// </summary>
internal sealed class ConsistencyModelScheduler : Scheduler
{
    private const double ToldScale = 1000;

    private readonly EdmNoise noise;
    private readonly int trainingSteps;
    private readonly DataClipping? clipping;

    internal ConsistencyModelScheduler(SchedulerOptions options)
        : base(options)
    {
        noise = EdmNoise.Read(options);
        trainingSteps = options.Integer(SchedulerNames.TrainingSteps, 40, 2, int.MaxValue);
        options.RefuseClipping("clip_denoised", true);

        // States and data here are divided by the deviation.
        clipping = options.Flag("clip_denoised", true) ? new DataClipping(1 / noise.Deviation, quantile: null) : null;
        if (options.Number("s_noise", 1) is not 1 and var factor)
        {
            throw options.Error($"s_noise is {factor}; other noise than was trained with is not supported. Set it to 1.");
        }
    }

    internal override NoiseSchedule Schedule => EdmNoise.Schedule;

    internal override Prediction Prediction => Prediction.NegativeVelocity;

    internal override int? TrainingTimesteps => null;

    internal override double TimeScale => ToldScale;

    internal override ScheduledSampling ForSteps(int steps, double? mu)
    {
        if (steps > trainingSteps)
        {
            throw new InputException(nameof(steps), $"{steps}", $"at most {trainingSteps}, the {SchedulerNames.TrainingSteps} of "
                + Options.Source);
        }

        int stride = trainingSteps / steps;
        double[] levels = [.. Enumerable.Range(0, steps).Select(i => noise.Karras((double)i * stride / (trainingSteps - 1)))];
        double[] all = Agree(levels[^1], noise.Least) ? levels : [.. levels, noise.Least];
        (double, double)[] boundary = [.. all[..^1].Select(Weights)];
        var solver = new ConsistencySampling
        {
            Boundary = boundary,
            NoiseKept = noise.Least / noise.Deviation,
        };
        TimeGrid grid = Grid(steps, all.Select(noise.TimeOf), all.Select(EdmNoise.Told));
        return new ScheduledSampling(Schedule, solver, grid, noise.Most / noise.Length(noise.Most))
        {
            SampleScale = noise.Length(noise.Least),
            Clipping = clipping,
            ClippedSum = boundary,
        };
    }

    // The published weights of state and output, whose difference to EDM's makes the function the identity at the lowest noise level, as
    // weights of state and data in their scale here.
    private (double Skip, double Out) Weights(double level)
    {
        double above = level - noise.Least, squares = noise.Deviation * noise.Deviation, length = noise.Length(level);
        double skip = (squares / ((above * above) + squares)) - (squares * above / (level * length * length));
        return (skip * length / noise.Deviation, above / level);
    }
}
