namespace Costate.Networks;

/// <summary>
/// DDIM as published where its stride and its timesteps disagree: each step ends at a time of its own, and the next takes the state
/// for one at the grid's next time.
/// </summary>
/// <remarks>
/// The stride is rounded down to whole training steps while the timesteps are spread evenly, so the two differ by less than a step each.
/// </remarks>
internal sealed class UntiedDdim : Solver
{
    private readonly double[] targets;

    internal UntiedDdim(double[] targets) => this.targets = targets;

    public override string Name => "DDIM";

    internal override string? Identity => $"{Name} to times of its own, {Fingerprint.Of(targets)}";

    internal override Solver After(int steps) => new UntiedDdim(targets[steps..]);

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(grid);
        if (grid.Steps != targets.Length)
        {
            throw new InvalidOperationException(
                $"This DDIM belongs to a scheduler's own grid of {targets.Length} steps; got one of {grid.Steps}. "
                    + $"Use {nameof(Solver)}.{nameof(Ddim)}() on other grids.");
        }

        Prediction prediction = schedule.Alpha(grid.Start) == 0 ? Prediction.Data : Prediction.Noise;
        var table = new TableBuilder(schedule, grid, prediction);
        for (int i = 0; i < targets.Length; i++)
        {
            var step = new ExponentialStep(table.Points[i], SchedulePoint.At(schedule, targets[i]), prediction, stochastic: false);
            table.AddGridState(i + 1, [new(i, step.State)], [new(i, step.Weight(1))]);
        }

        return table.Build();
    }
}
