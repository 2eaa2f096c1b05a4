namespace Costate.Networks;

/// <summary>The options sigma_min and sigma_max, which override the ends of a <see cref="SigmaLadder"/>.</summary>
internal readonly record struct SigmaEnds(double? Min, double? Max)
{
    internal static SigmaEnds Read(SchedulerOptions options)
    {
        var ends = new SigmaEnds(options.NumberOrNull("sigma_min"), options.NumberOrNull("sigma_max"));
        return ends.Min is <= 0 || ends.Max is <= 0 || ends.Min >= ends.Max
            ? throw options.Error($"sigma_min is {ends.Min} and sigma_max is {ends.Max}; they must be positive and in rising order.")
            : ends;
    }

    internal double[] Levels(SigmaLadder ladder, double max, double min, int count) => ladder.Levels(Max ?? max, Min ?? min, count);
}
