namespace Costate;

/// <summary>A schedule's values at one time.</summary>
internal readonly record struct SchedulePoint(double Time, double Alpha, double Sigma, double Lambda)
{
    /// <summary>sigma/alpha.</summary>
    internal double NoiseToSignal => Math.Exp(-Lambda);

    internal static SchedulePoint At(NoiseSchedule schedule, double time) =>
        new(time, schedule.Alpha(time), schedule.Sigma(time), schedule.HalfLogSnr(time));
}
