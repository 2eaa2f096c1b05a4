namespace Costate;

/// <summary>
/// PNDM (Liu et al. 2022): classical methods with the weights of equal steps, whose mean slope is the noise of one DDIM step.
/// </summary>
/// <remarks>The weights are those of equal steps whatever the grid: of order 2, however many predictions they use.</remarks>
internal sealed class PseudoMultistep(string name, PseudoStart start) : Solver
{
    private static readonly double[][] Weights =
    [
        [1],
        [3 / 2.0, -1 / 2.0],
        [23 / 12.0, -16 / 12.0, 5 / 12.0],
        [55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0],
    ];

    public override string Name => name;

    /// <summary>What the weights apply to: noise, or what the network predicts where that is the velocity.</summary>
    internal Prediction Kind { get; init; } = Prediction.Noise;

    /// <summary>Where each step ends, where published schedulers step by a stride that is not their grid's; else null.</summary>
    internal double[]? Targets { get; init; }

    /// <summary>Where the correction of <see cref="PseudoStart.ImprovedEuler"/> begins, on the same terms.</summary>
    internal double? CorrectedFrom { get; init; }

    /// <summary>The middle of each step of <see cref="PseudoStart.RungeKutta"/>; null for the middle in time.</summary>
    internal double[]? Middles { get; init; }

    /// <summary>Published: at a start without signal the data is taken for 0.</summary>
    internal bool StartsFromNoiseAlone { get; init; }

    internal override string? Identity => string.Concat(
        $"pseudo linear multistep in {Kind} prediction, {start} start",
        Targets is null ? "" : $", to times of its own, {Fingerprint.Of([.. Targets, CorrectedFrom ?? -1])}",
        Middles is null ? "" : $", by middles of its own, {Fingerprint.Of(Middles)}",
        StartsFromNoiseAlone ? ", from noise alone" : "");

    // It begins anew, with a correction from where it begins; a single step has none.
    internal override Solver After(int steps) => new PseudoMultistep(
        name, start == PseudoStart.Rising || Targets?.Length == steps + 1 ? PseudoStart.Rising : PseudoStart.ImprovedEuler)
    {
        Kind = Kind,
        Targets = Targets?[steps..],
    };

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(grid);
        if ((Targets ?? Middles) is { } own && own.Length != (Targets is null ? Math.Min(3, grid.Steps) : grid.Steps))
        {
            throw new InvalidOperationException($"This {name} belongs to a scheduler's own grid; got one of {grid.Steps} steps. "
                + $"Use {nameof(Solver)}.{nameof(Pndm)}() on other grids.");
        }

        var table = new TableBuilder(schedule, grid, Kind);
        SchedulePoint At(double time) => SchedulePoint.At(schedule, time);
        List<int> kept = [];
        int row = 0;
        for (int i = 0; i < grid.Steps; i++)
        {
            SchedulePoint s = table.Points[i];
            SchedulePoint t = Targets is null ? table.Points[i + 1] : At(Targets[i]);
            kept.Insert(0, row);
            if (start == PseudoStart.RungeKutta && i < 3)
            {
                row = RungeKutta(table, i, row, t, At(Middles?[i] ?? 0.5 * (s.Time + t.Time)));
                continue;
            }

            if (i == 0 && StartsFromNoiseAlone)
            {
                row = table.AddGridState(1, [new(0, t.Sigma)]);
                continue;
            }

            Step step = new(this, s, t);
            if (start == PseudoStart.ImprovedEuler && i == 0 && table.Points[1].Sigma > 0)
            {
                int predicted = table.AddGridState(1, step.States(row), step.Outputs([(row, 1)]), isFinal: false);
                Step again = new(this, CorrectedFrom is { } from ? At(from) : s, table.Points[1]);
                row = table.AddGridState(1, again.States(row), again.Outputs([(row, 0.5), (predicted, 0.5)]));
                continue;
            }

            double[] weights = Weights[Math.Min(kept.Count, Weights.Length) - 1];
            row = table.AddGridState(i + 1, step.States(row), step.Outputs(weights.Select((w, k) => (kept[k], w))));
        }

        return table.Build();
    }

    private int RungeKutta(TableBuilder table, int i, int row, SchedulePoint t, SchedulePoint middle)
    {
        Step half = new(this, table.Points[i], middle);
        Step whole = new(this, table.Points[i], t);
        int second = table.AddStage(i, middle.Time, half.States(row), half.Outputs([(row, 1)]));
        int third = table.AddStage(i, middle.Time, half.States(row), half.Outputs([(second, 1)]));

        // Without noise the slope at the end does not exist; DDIM with the middle's is of order 2 too.
        if (t.Sigma == 0)
        {
            return table.AddGridState(i + 1, whole.States(row), whole.Outputs([(third, 1)]));
        }

        int fourth = table.AddGridState(i + 1, whole.States(row), whole.Outputs([(third, 1)]), isFinal: false);
        return table.AddGridState(
            i + 1, whole.States(row), whole.Outputs([(row, 1 / 6.0), (second, 1 / 3.0), (third, 1 / 3.0), (fourth, 1 / 6.0)]));
    }

    /// <summary>A DDIM step with a mean of predictions in place of one.</summary>
    private readonly struct Step
    {
        private readonly double state;
        private readonly double output;

        internal Step(PseudoMultistep solver, SchedulePoint s, SchedulePoint t)
        {
            var step = new ExponentialStep(s, t, Prediction.Noise, stochastic: false);
            bool velocity = solver.Kind == Prediction.Velocity;

            // Noise = alpha v + sigma x, with the state and the level at the start of the step.
            state = step.State + (velocity ? step.Weight(1) * s.Sigma : 0);
            output = step.Weight(1) * (velocity ? s.Alpha : 1);
        }

        internal IEnumerable<TableTerm> States(int row) => [new(row, state)];

        internal IEnumerable<TableTerm> Outputs(IEnumerable<(int Row, double Weight)> mean)
        {
            double scale = output;
            return mean.Select(term => new TableTerm(term.Row, scale * term.Weight));
        }
    }
}
