namespace Costate;

/// <summary>
/// Strategic stochastic sampling of a trajectory consistency model (Zheng et al. 2024): a DDIM step below the next time, to
/// <c>(1 - gamma) t</c>, and noise from there up to t.
/// </summary>
internal sealed class TrajectoryConsistency(double gamma) : Solver
{
    public override string Name => FormattableString.Invariant($"TCD with gamma {gamma}");

    public override bool IsStochastic => true;

    /// <summary>Where each step turns round; null for <c>(1 - gamma) t</c>.</summary>
    internal double[]? Turns { get; init; }

    internal override string? Identity =>
        FormattableString.Invariant($"TCD with gamma {gamma:R}{(Turns is null ? "" : $", turning at {Fingerprint.Of(Turns)}")}");

    internal override NoiseStrength? Strength =>
        gamma > 0 && Turns is null ? new(gamma, 1, other => new TrajectoryConsistency(other)) : null;

    internal override Solver After(int steps) => new TrajectoryConsistency(gamma) { Turns = Turns?[steps..] };

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        RefuseRisingGridIfStochastic(grid);
        if (Turns is not null && Turns.Length != grid.Steps)
        {
            throw new InvalidOperationException($"This sampler belongs to a scheduler's own grid of {Turns.Length} steps; got one of "
                + $"{grid.Steps}. Use {nameof(Solver)}.{nameof(TrajectoryConsistency)}() on other grids.");
        }

        var table = new TableBuilder(schedule, grid, Prediction.Data);
        for (int i = 0; i < grid.Steps; i++)
        {
            (SchedulePoint s, SchedulePoint t) = (table.Points[i], table.Points[i + 1]);
            SchedulePoint turn = SchedulePoint.At(schedule, Turns?[i] ?? (1 - gamma) * t.Time);
            double up = turn.Alpha == t.Alpha ? 1 : t.Alpha / turn.Alpha;
            double kept = up * turn.Sigma / s.Sigma;
            double drawn = Math.Sqrt(Math.Max((t.Sigma - (up * turn.Sigma)) * (t.Sigma + (up * turn.Sigma)), 0));
            int noise = table.AddNoise(new ExponentialStep(s, t, Prediction.Data, stochastic: true).Clock);
            table.AddGridState(i + 1, [new(i, kept)], [new(i, t.Alpha - (s.Alpha * kept))], [new(noise, drawn)]);
        }

        return table.Build();
    }
}
