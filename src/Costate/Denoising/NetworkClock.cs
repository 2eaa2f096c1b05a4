namespace Costate;

/// <summary>How a network counts time: for time t in [0, 1] it is told <c>Scale t + Offset</c>.</summary>
internal readonly record struct NetworkClock(double Scale, double Offset)
{
    /// <summary>The clock of a scale, or of training steps 0..n-1, of which step k lies at time (k+1)/n.</summary>
    /// <exception cref="ArgumentException">The scale or the number of steps is out of range, or both are given.</exception>
    internal static NetworkClock Of(double timeScale, int? trainingTimesteps)
    {
        if (!(timeScale > 0 && double.IsFinite(timeScale)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(timeScale),
                timeScale,
                $"Got timeScale {timeScale}; it must be positive and finite.");
        }

        return trainingTimesteps switch
        {
            null => new(timeScale, 0),
            <= 0 => throw new ArgumentOutOfRangeException(
                nameof(trainingTimesteps), trainingTimesteps, $"Got {trainingTimesteps} training timesteps; there is at least one."),
            _ when timeScale != 1 => throw new ArgumentException(
                $"Got both timeScale {timeScale} and trainingTimesteps {trainingTimesteps}; give one of them."),
            int n => new(n, -1),
        };
    }

    /// <summary>What the network is told. Training steps are integers: n (k+1)/n - 1 is k but for rounding.</summary>
    internal double Told(double networkTime)
    {
        double told = (Scale * networkTime) + Offset;
        double step = Math.Round(told);
        return Offset != 0 && Math.Abs(told - step) <= 4 * Scale * Math.ScaleB(1, -52) ? step : told;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant($"{Scale:R} t{(Offset == 0 ? "" : FormattableString.Invariant($" - {-Offset:R}"))}");
}
