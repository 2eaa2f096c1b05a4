namespace Costate;

/// <summary>
/// DDIM with a part of the noise drawn anew (Song et al. 2021, eq. 12): <c>x_t = alpha_t x0 + sqrt(sigma_t^2 - s^2) eps + s n</c> with s
/// the eta-fold of the posterior's deviation.
/// </summary>
internal sealed class PartlyStochasticDdim(double eta) : Solver
{
    public override string Name => FormattableString.Invariant($"DDIM with eta {eta}");

    public override bool IsStochastic => true;

    /// <summary>Where each step ends, where published schedulers step by a stride that is not their grid's; else null.</summary>
    internal double[]? Targets { get; init; }

    internal override string? Identity =>
        FormattableString.Invariant($"DDIM with eta {eta:R}{(Targets is null ? "" : $", to times of its own, {Fingerprint.Of(Targets)}")}");

    internal override NoiseStrength Strength => new(eta, 1, other => new PartlyStochasticDdim(other) { Targets = Targets });

    internal override Solver After(int steps) => new PartlyStochasticDdim(eta) { Targets = Targets?[steps..] };

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        RefuseRisingGridIfStochastic(grid);
        if (Targets is not null && Targets.Length != grid.Steps)
        {
            throw new InvalidOperationException($"This DDIM belongs to a scheduler's own grid of {Targets.Length} steps; got one of "
                + $"{grid.Steps}. Use {nameof(Solver)}.{nameof(Ddim)}(eta) on other grids.");
        }

        var table = new TableBuilder(schedule, grid, Prediction.Data);
        for (int i = 0; i < grid.Steps; i++)
        {
            SchedulePoint s = table.Points[i];
            SchedulePoint t = Targets is null ? table.Points[i + 1] : SchedulePoint.At(schedule, Targets[i]);
            var step = new ExponentialStep(s, t, Prediction.Data, stochastic: true);
            double drawn = eta * step.Noise;
            double kept = Math.Sqrt(Math.Max((t.Sigma - drawn) * (t.Sigma + drawn), 0)) / s.Sigma;
            int noise = table.AddNoise(step.Clock);
            table.AddGridState(i + 1, [new(i, kept)], [new(i, t.Alpha - (s.Alpha * kept))], [new(noise, drawn)]);
        }

        return table.Build();
    }
}
