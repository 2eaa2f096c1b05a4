namespace Costate;

/// <summary>
/// One increment Psi of a Runge-Kutta scheme on a clock, from one point of a schedule to another, added to a table: its stages as rows,
/// its end as terms for whichever row needs it.
/// </summary>
internal sealed class ExponentialIncrement
{
    private readonly List<TableTerm> outputs = [];
    private readonly List<TableTerm> noises = [];
    private readonly List<TableTerm> errors = [];

    /// <summary>Adds the stages of <c>kappa(to) Psi</c>, starting from the state of a row.</summary>
    /// <param name="table">The table.</param>
    /// <param name="schedule">The schedule.</param>
    /// <param name="tableau">The scheme.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="interval">The interval of the grid.</param>
    /// <param name="row">The row it starts from.</param>
    /// <param name="from">Where that row is.</param>
    /// <param name="to">Where the increment ends.</param>
    /// <param name="noise">The numbers of the noise vectors for W and H over the interval, run from noise to data; null for an ODE.</param>
    /// <param name="reversed">
    /// Whether it runs against the direction of the path: then W changes its sign and H does not (see
    /// <see cref="BrownianIncrement.Reversed"/>). The direction of the path is that of sampling, whether the clock rises or, in noise
    /// prediction, falls: its vectors are W(To) - W(From).
    /// </param>
    internal ExponentialIncrement(
        TableBuilder table,
        NoiseSchedule schedule,
        ButcherTableau tableau,
        IntegrationClock clock,
        int interval,
        int row,
        SchedulePoint from,
        SchedulePoint to,
        (int W, int? H)? noise,
        bool reversed)
    {
        double start = clock.Value(from);
        double h = clock.Value(to) - start;
        double deviation = Math.Sqrt(Math.Abs(clock.BrownianValue(to) - clock.BrownianValue(from)));
        double sign = reversed ? -1 : 1;
        double kappa = clock.Kappa(from);
        List<int> stages = [];
        for (int i = 0; i < tableau.Stages; i++)
        {
            double area = tableau.StageArea?[i] ?? 0;
            if (tableau.Nodes[i] == 0 && area == 0)
            {
                stages.Add(row);
                continue;
            }

            SchedulePoint at =
                tableau.Nodes[i] == 0 ? from
                : tableau.Nodes[i] == 1 ? to
                : clock.PointAt(schedule, start + (tableau.Nodes[i] * h));
            double scale = clock.Kappa(at);
            IEnumerable<TableTerm> terms = tableau
                .Row(i)
                .Select((weight, j) => new TableTerm(stages[j], scale * h * weight * clock.Factor));
            List<TableTerm> random = noise is { } vectors ? [new(vectors.W, sign * scale * deviation * tableau.StageNoise![i])] : [];
            if (area != 0)
            {
                random.Add(new(noise!.Value.H!.Value, scale * deviation * area / Math.Sqrt(12)));
            }

            stages.Add(table.AddStage(interval, at.Time, clock.Prediction, [new(row, scale / kappa)], terms, random));
        }

        double end = clock.Kappa(to);
        outputs.AddRange(tableau.Weights.Select((weight, i) => new TableTerm(stages[i], end * h * weight * clock.Factor)));
        errors.AddRange((tableau.ErrorWeights ?? []).Select((weight, i) => new TableTerm(stages[i], end * h * weight * clock.Factor)));
        if (noise is { } pair)
        {
            noises.Add(new(pair.W, sign * end * deviation));
        }

        State = end / kappa;
    }

    /// <summary>The weight of the starting row in the state without the increment, kappa(to)/kappa(from).</summary>
    internal double State { get; }

    /// <summary>The increment's terms in the network's predictions, times a factor.</summary>
    internal IEnumerable<TableTerm> Outputs(double factor = 1) => outputs.Select(term => term with { Weight = factor * term.Weight });

    /// <summary>The embedded estimate of the increment's error, in terms of the network's predictions.</summary>
    internal IEnumerable<TableTerm> Errors(double factor = 1) => errors.Select(term => term with { Weight = factor * term.Weight });

    /// <summary>The increment's terms in the noise vectors, times a factor.</summary>
    internal IEnumerable<TableTerm> Noises(double factor = 1) => noises.Select(term => term with { Weight = factor * term.Weight });
}
