namespace Costate;

/// <summary>
/// How all numbers of a table change with one number behind them (a time of the grid, an option of the solver), by differences of tables in
/// 64 bits.
/// </summary>
/// <remarks>
/// Four tables, of the fourth order, within some ten-thousandths of the room to the next number or to where tables cease to be: what is
/// left out is below rounding, which is about 1e-12 of a coefficient over that room. At an end five tables on one side.
/// </remarks>
internal static class TableDerivative
{
    private const double Share = 1e-4;

    /// <summary>The derivatives that are not zero.</summary>
    /// <param name="shifted">The table where the number is shifted.</param>
    /// <param name="network">What the network predicts.</param>
    /// <param name="below">How far the number may fall.</param>
    /// <param name="above">How far it may rise.</param>
    internal static Dictionary<Coefficient, double> Of(Func<double, SolverTable> shifted, Prediction network, double below, double above)
    {
        double step = Share * (below > 0 && above > 0 ? Math.Min(below, above) : Math.Max(below, above));
        double[] nodes = below > 0 && above > 0 ? [-2, -1, 1, 2] : above > 0 ? [0, 1, 2, 3, 4] : [-4, -3, -2, -1, 0];
        double[] weights = Moments.Match(nodes, [0, 1, .. Enumerable.Repeat(0.0, nodes.Length - 2)]);
        Dictionary<Coefficient, double>[] tables =
        [
            .. nodes.Select(node => Numbers(shifted(node * step), network).ToDictionary(pair => pair.At, pair => pair.Value)),
        ];
        Dictionary<Coefficient, double> changes = [];
        foreach (Coefficient at in tables.SelectMany(table => table.Keys).Distinct())
        {
            double[] values = [.. tables.Select(table => table.GetValueOrDefault(at))];
            if (values.Any(value => value != values[0]))
            {
                changes[at] = values.Zip(weights, (value, weight) => value * weight).Sum() / step;
            }
        }

        return changes;
    }

    private static IEnumerable<(Coefficient At, double Value)> Numbers(SolverTable table, Prediction network)
    {
        for (int row = 0; row <= table.SampleRow; row++)
        {
            TableRow its = table.Rows[row];
            foreach ((CoefficientKind kind, IReadOnlyList<TableTerm> terms) in new[]
            {
                (CoefficientKind.State, its.States), (CoefficientKind.Output, its.Outputs), (CoefficientKind.Input, its.Inputs),
            })
            {
                // A row may name a term twice.
                foreach (IGrouping<int, TableTerm> same in terms.GroupBy(term => term.Index))
                {
                    yield return (new Coefficient(row, kind, same.Key), same.Sum(term => term.Weight));
                }
            }
        }

        foreach (int row in table.EvaluatedRows)
        {
            PredictionConversion conversion = table.Conversion(network, row);
            yield return (new Coefficient(row, CoefficientKind.ConvertedState, 0), conversion.State);
            yield return (new Coefficient(row, CoefficientKind.ConvertedOutput, 0), conversion.Output);
            yield return (new Coefficient(row, CoefficientKind.Time, 0), table.Rows[row].Time);
            yield return (new Coefficient(row, CoefficientKind.NetworkTime, 0), table.Rows[row].NetworkTime);
        }
    }
}
