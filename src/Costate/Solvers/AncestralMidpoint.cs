namespace Costate;

/// <summary>
/// DPM2 ancestral: in the clock sigma/alpha, a step of the midpoint method (the middle in its logarithm) down to where fresh noise leads
/// back up to the next level, as in <see cref="Solver.Ddpm"/>.
/// </summary>
internal sealed class AncestralMidpoint : Solver
{
    public override string Name => "DPM2 ancestral";

    public override bool IsStochastic => true;

    internal override string? Identity => Name;

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        RefuseRisingGridIfStochastic(grid);
        var table = new TableBuilder(schedule, grid, Prediction.Noise);
        int row = 0;
        for (int i = 0; i < grid.Steps; i++)
        {
            (SchedulePoint s, SchedulePoint t) = (table.Points[i], table.Points[i + 1]);
            double state = t.Alpha / s.Alpha;
            double euler = new ExponentialStep(s, t, Prediction.Noise, stochastic: false).Weight(1);
            var ancestral = new ExponentialStep(s, t, Prediction.Data, stochastic: true);
            int noise = table.AddNoise(ancestral.Clock);
            if (t.Sigma == 0)
            {
                row = table.AddGridState(i + 1, [new(row, state)], [new(row, euler)], [new(noise, 0)]);
                continue;
            }

            // The lower end is next^2/level, so its middle with the level is the next level itself.
            int middle = table.AddStage(i, t.Time, [new(row, state)], [new(row, euler)]);
            double down = t.NoiseToSignal * (t.NoiseToSignal / s.NoiseToSignal);
            row = table.AddGridState(
                i + 1, [new(row, state)], [new(middle, t.Alpha * (down - s.NoiseToSignal))], [new(noise, ancestral.Noise)]);
        }

        return table.Build();
    }
}
