namespace Costate.Networks;

/// <summary>LCMScheduler: consistency sampling with the boundary weights of latent consistency models (Luo et al. 2023).</summary>
internal sealed class LcmScheduler : DistilledScheduler
{
    private const double DataDeviation = 0.5;

    private readonly double scaling;

    internal LcmScheduler(SchedulerOptions options)
        : base(options) => scaling = options.Number("timestep_scaling", 10);

    internal override ScheduledSampling ForSteps(int steps, double? mu)
    {
        double[] timesteps = Timesteps(steps);
        double[] times = [.. timesteps.Select(Noise.TimeOf), 0];
        var solver = new ConsistencySampling { Boundary = [.. timesteps.Select(timestep => Weights(timestep * scaling))] };
        return new ScheduledSampling(Schedule, solver, Grid(steps, times, times));
    }

    private static (double Skip, double Out) Weights(double t)
    {
        double squares = (t * t) + (DataDeviation * DataDeviation);
        return (DataDeviation * DataDeviation / squares, t / Math.Sqrt(squares));
    }
}
