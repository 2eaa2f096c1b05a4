namespace Costate;

/// <summary>EDICT (Wallace et al. 2023): two coupled DDIM sequences with averaging; noise prediction, two evaluations a step.</summary>
internal sealed class Edict : Solver
{
    private readonly double mixing;
    private readonly bool alternates;

    internal Edict(double mixing, bool alternates)
    {
        this.mixing = mixing is > 0 and <= 1
            ? mixing
            : throw new ArgumentOutOfRangeException(
                nameof(mixing),
                mixing,
                $"Got mixing {mixing}; it must be in (0, 1]. The inverse divides by it.");
        this.alternates = alternates;
    }

    public override string Name => FormattableString.Invariant($"EDICT({mixing:R}{(alternates ? "" : ", without alternation")})");

    internal override string? Identity => Name;

    public override bool IsReversible => true;

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        var table = new TableBuilder(schedule, grid, Prediction.Noise);
        int x = 0;
        int y = Carrier(0, null, [new(0, 1)]);
        int[] start = [x, y];
        for (int i = 0; i < grid.Steps; i++)
        {
            var step = new ExponentialStep(table.Points[i], table.Points[i + 1], Prediction.Noise, stochastic: false);

            // The published code lets the two take turns in going first.
            bool swapped = alternates && i % 2 == 1;
            (int first, int second) = swapped ? (y, x) : (x, y);
            int moved = Carrier(i, first, [new(first, step.State)], [new(second, step.Weight(1))]);
            int follows = Carrier(i, second, [new(second, step.State)], [new(moved, step.Weight(1))]);
            int mixed = Carrier(i + 1, moved, [new(moved, mixing), new(follows, 1 - mixing)], isGridState: !swapped);
            int mixedToo = Carrier(i + 1, follows, [new(follows, mixing), new(mixed, 1 - mixing)], isGridState: swapped);
            (x, y) = swapped ? (mixedToo, mixed) : (mixed, mixedToo);
        }

        return table.BuildReversible(sample: x, start, [x, y], OtherCarrier.Copy);

        // The moved state is evaluated at the time of the step's start, as published.
        int Carrier(int point, int? solvesFor, TableTerm[] states, TableTerm[]? outputs = null, bool isGridState = false) =>
            table.AddCarrier(point, Math.Min(point, grid.Steps - 1), Prediction.Noise, isGridState, solvesFor, states, outputs);
    }
}
