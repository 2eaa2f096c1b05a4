namespace Costate;

/// <summary>
/// Multistep sampling of a consistency model (Song et al. 2023, algorithm 1): the data that the network predicts, noised anew,
/// <c>x_t = alpha_t f(x_s) + sigma_t n</c>.
/// </summary>
internal sealed class ConsistencySampling : Solver
{
    public override string Name => "Consistency sampling";

    public override bool IsStochastic => true;

    /// <summary>The weights c_skip and c_out of <c>f(x) = c_skip x + c_out x0(x)</c> at each step; null for 0 and 1.</summary>
    internal (double Skip, double Out)[]? Boundary { get; init; }

    /// <summary>The sigma/alpha that the data of a step keeps: the noise drawn anew is that much less. 0 where it keeps none.</summary>
    internal double NoiseKept { get; init; }

    internal override string? Identity =>
        $"{Name}{(Boundary is null ? "" : $", boundary {Fingerprint.Of([.. Boundary.SelectMany(b => (double[])[b.Skip, b.Out])])}")}"
            + (NoiseKept == 0 ? "" : $", with noise of {Fingerprint.Of([NoiseKept])} kept");

    internal override Solver After(int steps) => new ConsistencySampling { Boundary = Boundary?[steps..], NoiseKept = NoiseKept };

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        RefuseRisingGridIfStochastic(grid);
        if (Boundary is not null && Boundary.Length != grid.Steps)
        {
            throw new InvalidOperationException($"This sampler belongs to a scheduler's own grid of {Boundary.Length} steps; got one of "
                + $"{grid.Steps}. Use {nameof(Solver)}.{nameof(Consistency)}() on other grids.");
        }

        var table = new TableBuilder(schedule, grid, Prediction.Data);
        for (int i = 0; i < grid.Steps; i++)
        {
            (SchedulePoint s, SchedulePoint t) = (table.Points[i], table.Points[i + 1]);
            (double skip, double output) = Boundary?[i] ?? (0, 1);
            int noise = table.AddNoise(new ExponentialStep(s, t, Prediction.Data, stochastic: true).Clock);
            table.AddGridState(i + 1, [new(i, t.Alpha * skip)], [new(i, t.Alpha * output)], [new(noise, Drawn(t))]);
        }

        return table.Build();
    }

    private double Drawn(SchedulePoint t)
    {
        double kept = NoiseKept * t.Alpha;
        return Math.Sqrt(Math.Max((t.Sigma - kept) * (t.Sigma + kept), 0));
    }
}
