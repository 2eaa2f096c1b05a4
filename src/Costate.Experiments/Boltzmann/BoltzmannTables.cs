using System.Globalization;
using Costate.Experiments.Gradients;
using Costate.Faces.Reports;

namespace Costate.Experiments.Boltzmann;

/// <summary>The study of physical systems as tables.</summary>
internal static class BoltzmannTables
{
    internal static IEnumerable<ResultTable> Of(IReadOnlyList<BoltzmannResult> results)
    {
        foreach (BoltzmannResult result in results)
        {
            var table = new ResultTable("solver", "steps", "effective", "energy W2", "weighted", "pairs W2", "weighted", "log Z")
            {
                Title = Title(result),
                Caption = Caption(result),
                IsRuled = true,
            };
            foreach (BoltzmannPoint point in result.Points)
            {
                double[] distances =
                    [point.EnergyDistance, point.WeightedEnergyDistance, point.PairDistance, point.WeightedPairDistance];
                table.Add([
                    point.Solver,
                    $"{point.Steps}",
                    point.EffectiveFraction.ToString("0.000", CultureInfo.InvariantCulture),
                    .. distances.Select(GradientStudyTables.Short),
                    FormattableString.Invariant($"{point.LogZ:0.000} ({point.LogZError:0.000})"),
                ]);
            }

            yield return table;
        }

        var published = new ResultTable("solver", "effective", "energy W2, weighted", "torsion W2, weighted")
        {
            Title = "Published for tri-alanine",
            Caption = "another system, network and metric of shape: only the pattern can be compared",
            IsRuled = true,
        };
        foreach (PublishedWeights row in PublishedWeights.All)
        {
            double[] numbers = [row.EffectiveFraction, row.EnergyDistance, row.TorsionDistance];
            published.Add([row.Label, .. numbers.Select(number => number.ToString("0.000", CultureInfo.InvariantCulture))]);
        }

        yield return published;
    }

    private static string Title(BoltzmannResult result) => FormattableString.Invariant(
        $"{result.Label}: floors {result.Chains.EnergyFloor:0.000} of energies, {result.Chains.PairFloor:0.000} of pairs");

    private static string Caption(BoltzmannResult result) => FormattableString.Invariant(
            $"{result.Flow.Parameters} parameters, trained in {result.Flow.Seconds:0} s of the processor")
        + (result.LogZ is double logZ ? FormattableString.Invariant($"; log Z is {logZ:0.000}") : "");
}
