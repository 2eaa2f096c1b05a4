using static Costate.Elementary;

namespace Costate;

/// <summary>
/// UniPC (Zhao et al. 2023): the multistep predictor UniP-p, corrected by UniC-p with the evaluation that the next step needs anyway.
/// </summary>
internal sealed class UniPc : Solver
{
    private readonly int order;
    private readonly Prediction prediction;

    internal UniPc(int order, Prediction prediction)
    {
        this.order = order;
        this.prediction = prediction;
    }

    internal UniPcVariant Variant { get; init; } = UniPcVariant.Bh2;

    internal FinalSteps FinalSteps { get; init; } = FinalSteps.FullOrder;

    /// <summary>Steps, from 0, whose result the next evaluation does not correct.</summary>
    internal IReadOnlyList<int> UncorrectedSteps { get; init; } = [];

    /// <summary>
    /// The grid's end is counted twice: published schedulers whose last two noise levels agree take a last step of length zero.
    /// The order falls one step later, and one more evaluation corrects the last state.
    /// </summary>
    internal bool RepeatsEnd { get; init; }

    public override string Name => $"UniPC-{order}";

    internal override string? Identity => string.Concat(
            $"UniPC of order {order} in {prediction} prediction, {Variant}, last orders "
                + $"{MultistepOrder.LastOrders(order, FinalSteps, RepeatsEnd)}",
        UncorrectedSteps.Count > 0 ? $", without correction of {string.Join(", ", UncorrectedSteps.Order())}" : "",
        RepeatsEnd ? ", with correction of the last" : "");

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
    {
        var table = new TableBuilder(schedule, grid, prediction);
        IReadOnlyList<SchedulePoint> points = table.Points;
        List<int> evaluated = [0];
        int row = 0;
        for (int i = 0; i < grid.Steps; i++)
        {
            int p = MultistepOrder.At(points, i, order, FinalSteps, RepeatsEnd);
            double state = new ExponentialStep(points[i], points[i + 1], prediction, stochastic: false).State;
            bool corrects = Corrects(points, i);
            int predicted = Add(Weights(points, i, p, corrects: false), isFinal: !corrects);
            evaluated.Add(predicted);

            // The evaluation at the predicted state is shared: it corrects that state, then predicts the next.
            row = corrects ? Add(Weights(points, i, p, corrects: true), isFinal: true) : predicted;

            int Add(double[] weights, bool isFinal) => table.AddGridState(
                i + 1, [new(row, state)], weights.Select((w, j) => new TableTerm(evaluated[^(j + 1)], w)), isFinal: isFinal);
        }

        return table.Build();
    }

    private bool Corrects(IReadOnlyList<SchedulePoint> points, int i) =>
        (RepeatsEnd || i < points.Count - 2) && !UncorrectedSteps.Contains(i) && double.IsFinite(points[i + 1].Lambda - points[i].Lambda);

    // Predictor: weights on m[i], m[i-1], ...; corrector: on m[i+1], m[i], m[i-1], ... (UniPC, eqs. 3 to 5, B(h) by variant).
    private double[] Weights(IReadOnlyList<SchedulePoint> points, int i, int p, bool corrects)
    {
        var step = new ExponentialStep(points[i], points[i + 1], prediction, stochastic: false);
        double first = step.Weight(1);
        double[] ratios = [.. Enumerable.Range(1, p - 1).Select(k => (points[i - k].Lambda - points[i].Lambda) / step.H)];
        double hh = prediction == Prediction.Data ? -step.H : step.H;
        double bh = Variant == UniPcVariant.Bh1 ? hh : ExpMinusOne(hh);

        // In step.Weight(1) = scale h phi_1(hh), B(h) takes the place of h phi_1.
        double scaled = first * bh / ExpMinusOne(hh);
        double[] rhos = Coefficients(corrects ? [.. ratios, 1] : ratios, p, hh, bh, corrects);

        List<double> weights = [first];
        for (int k = 0; k < ratios.Length; k++)
        {
            weights.Add(scaled * rhos[k] / ratios[k]);
        }

        if (corrects)
        {
            weights.Insert(0, scaled * rhos[^1]);
        }

        int own = corrects ? 1 : 0;
        weights[own] -= weights.Sum() - first;
        return [.. weights];
    }

    private static double[] Coefficients(double[] ratios, int p, double hh, double bh, bool corrects)
    {
        // The published code fixes these two rather than solving for them; the order is the same.
        if ((corrects && p == 1) || (!corrects && p == 2))
        {
            return [0.5];
        }

        if (ratios.Length == 0)
        {
            return [];
        }

        double[] right = new double[ratios.Length];
        double factorial = 1;
        for (int k = 0; k < right.Length; k++)
        {
            factorial *= k + 1;
            right[k] = hh * Phi.Of(k + 2, hh) * factorial / bh;
        }

        return Moments.Match(ratios, right);
    }
}
