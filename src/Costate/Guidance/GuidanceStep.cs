namespace Costate;

/// <summary>A step of a guided run from time t to s &lt; t, in numbers: what a <see cref="GuidanceStrength"/> may depend on.</summary>
/// <param name="Index">Which step of the grid, from 0.</param>
/// <param name="Time">t, where the step starts.</param>
/// <param name="NextTime">s, where it ends.</param>
/// <param name="Alpha">Scale of the signal at t.</param>
/// <param name="Sigma">Scale of the noise at t.</param>
/// <param name="NextAlpha">Scale of the signal at s.</param>
/// <param name="NextSigma">Scale of the noise at s.</param>
public readonly record struct GuidanceStep(
    int Index,
    double Time,
    double NextTime,
    double Alpha,
    double Sigma,
    double NextAlpha,
    double NextSigma)
{
    /// <summary>The squared ratio of the signals, <c>alpha_t^2/alpha_s^2</c>, in [0, 1): what papers call alpha_t without a bar.</summary>
    public double Transition => Alpha / NextAlpha * (Alpha / NextAlpha);

    internal static IReadOnlyList<GuidanceStep> Of(NoiseSchedule schedule, TimeGrid grid)
    {
        SchedulePoint[] points = [.. grid.Times.Select(t => SchedulePoint.At(schedule, t))];
        return
        [
            .. points
                .SkipLast(1)
                .Select(
                    (t, i) => new GuidanceStep(i, t.Time, points[i + 1].Time, t.Alpha, t.Sigma, points[i + 1].Alpha, points[i + 1].Sigma)),
        ];
    }
}
