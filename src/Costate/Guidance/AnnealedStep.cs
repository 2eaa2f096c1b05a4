using static TorchSharp.torch;

namespace Costate;

/// <summary>A state at a level of noise in a run that goes down through levels. Everything lives in the caller's dispose scope.</summary>
/// <param name="Denoiser">The frozen network.</param>
/// <param name="Schedule">The schedule.</param>
/// <param name="Index">Which level, from 0.</param>
/// <param name="Level">The noise over the signal.</param>
/// <param name="Next">That of the next level; 0 at the end.</param>
/// <param name="X">The state, data plus level times noise.</param>
/// <param name="Measurement">What is known of the sample.</param>
/// <param name="Sample">Draws from a state at the start of a grid by a solver; counts the cost.</param>
/// <param name="Noise">The next standard normal vector of a shape like a tensor's.</param>
internal sealed record AnnealedStep(
    Denoiser Denoiser,
    NoiseSchedule Schedule,
    int Index,
    double Level,
    double Next,
    Tensor X,
    Measurement Measurement,
    Func<Sampler, Tensor, Tensor> Sample,
    Func<Tensor, Tensor> Noise)
{
    // Below it EDM's grids step to clean data.
    private const double Least = 0.01;

    /// <summary>Runs a solver from data at the level down to clean data, on levels in equal steps of their seventh root.</summary>
    internal Tensor Down(Solver solver, int steps, Tensor x)
    {
        double start = Time(Level);
        double[] times = steps == 1 || Level <= Least ? [start]
            : steps == 2 ? [start, Time(Least)]
            : [.. TimeGrid.Karras(Schedule, steps - 1, start, Time(Least)).Times];
        return Sample(new Sampler(Denoiser, Schedule, solver, TimeGrid.FromTimes([.. times, 0])), x.Times(Schedule.Alpha(start)));
    }

    /// <summary>The time of a level.</summary>
    internal double Time(double level) => Schedule.TimeAtHalfLogSnr(-Math.Log(level));

    /// <summary>Draws of an observation's noise.</summary>
    internal Tensor ObservationNoise(Tensor like) => Noise(Measurement.Difference(like));
}
