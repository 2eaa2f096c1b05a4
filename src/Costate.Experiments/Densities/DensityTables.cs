using System.Globalization;
using Costate.Experiments.Gradients;
using Costate.Faces.Reports;

namespace Costate.Experiments.Densities;

/// <summary>The study of densities as tables.</summary>
internal static class DensityTables
{
    internal static IEnumerable<ResultTable> Of(
        IReadOnlyList<DensityPoint> weights, IReadOnlyList<DensityPoint> paths, IReadOnlyList<LikelihoodPoint> likelihoods)
    {
        foreach (IGrouping<int, DensityPoint> dimension in weights.GroupBy(point => point.Dimension))
        {
            yield return Weights(
                $"Weights of samples in {dimension.Key} dimensions",
                "the mean weight is 1 for a density that is right",
                [.. dimension]);
        }

        yield return Weights("Weights of paths in 2 dimensions", "no gradient is taken", paths);
        yield return Likelihoods(likelihoods);
    }

    private static ResultTable Weights(string title, string caption, IReadOnlyList<DensityPoint> points)
    {
        var table = new ResultTable("solver", "steps", "mean weight", "effective", "log q off", "folds")
        {
            Title = title,
            Caption = caption,
            IsRuled = true,
        };
        foreach (DensityPoint point in points)
        {
            table.Add(
                point.Solver,
                $"{point.Steps}",
                FormattableString.Invariant($"{point.MeanWeight:0.000} ({point.MeanWeightError:0.000})"),
                point.EffectiveFraction.ToString("0.000", CultureInfo.InvariantCulture),
                GradientStudyTables.Short(point.RmsLogWeight),
                $"{point.Folds}");
        }

        return table;
    }

    private static ResultTable Likelihoods(IReadOnlyList<LikelihoodPoint> points)
    {
        var table = new ResultTable("solver", "steps", "trace", "Jacobian", "8 probes", "told")
        {
            Title = "Likelihood of data in 2 dimensions, error in nats",
            Caption = "told: the standard error of probing, in which the solver's is not",
            IsRuled = true,
        };
        foreach (LikelihoodPoint point in points)
        {
            double[] errors = [point.Trace, point.Jacobian, point.Probed, point.ProbesTold];
            table.Add([point.Solver, $"{point.Steps}", .. errors.Select(GradientStudyTables.Short)]);
        }

        return table;
    }
}
