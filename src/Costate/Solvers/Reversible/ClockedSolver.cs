namespace Costate;

/// <summary>What the exponential Runge-Kutta scheme and its reversible form share: the choice of clock, and its noise vectors.</summary>
internal abstract class ClockedSolver : Solver
{
    private protected ClockedSolver(ButcherTableau tableau, Prediction prediction)
    {
        ArgumentNullException.ThrowIfNull(tableau);
        if (prediction is not (Prediction.Data or Prediction.Noise))
        {
            throw new ArgumentOutOfRangeException(
                nameof(prediction),
                prediction,
                $"Got {prediction}; exponential Runge-Kutta schemes work in {Prediction.Data} or {Prediction.Noise} prediction.");
        }

        if (tableau.StageArea is not null && tableau.StageArea.Any(area => area != 0) && prediction == Prediction.Noise)
        {
            throw new ArgumentException(
                $"{tableau.Name} needs drift and noise on one clock. In noise prediction the drift runs on sigma/alpha and the noise on "
                    + $"its square, so the strong order would be lost. Use {Prediction.Data} prediction, "
                    + $"or {ButcherTableau.EulerMaruyama.Name}.",
                nameof(prediction));
        }

        (Tableau, Prediction) = (tableau, prediction);
    }

    public override bool IsStochastic => Tableau.IsStochastic;

    internal ButcherTableau Tableau { get; }

    internal Prediction Prediction { get; }

    // Data prediction divides by sigma and noise prediction by alpha. Where the own clock is infinite at an end of a step, the step is
    // taken on the other one: each step is a map of x, and none needs to know the clock of its neighbour.
    private protected IntegrationClock ClockFor(SchedulePoint s, SchedulePoint t)
    {
        Prediction kind = Prediction switch
        {
            Prediction.Data when s.Sigma == 0 || t.Sigma == 0 => Prediction.Noise,
            Prediction.Noise when s.Alpha == 0 || t.Alpha == 0 => Prediction.Data,
            _ => Prediction,
        };
        return kind == Prediction || !IsStochastic
            ? new IntegrationClock(kind, IsStochastic)
            : throw new InvalidOperationException(
                $"{Name} cannot step from time {s.Time} to {t.Time}: its Brownian clock is infinite where "
                    + $"{(Prediction == Prediction.Data ? "sigma" : "alpha")} is 0. Move that end of the grid inwards.");
    }

    private protected (int W, int? H)? AddNoise(TableBuilder table, IntegrationClock clock, SchedulePoint s, SchedulePoint t)
    {
        if (!IsStochastic)
        {
            return null;
        }

        var interval = new NoiseInterval(clock.BrownianValue(s), clock.BrownianValue(t));
        int w = table.AddNoise(interval);
        return (w, Tableau.StageArea!.Any(area => area != 0) ? table.AddNoise(interval with { IsLevyArea = true }) : null);
    }
}
