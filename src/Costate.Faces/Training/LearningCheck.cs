using System.Globalization;
using Costate.Faces.Reports;

namespace Costate.Faces.Training;

/// <summary>Whether one part of a recipe learnt: its loss over the first steps, and over the last.</summary>
/// <param name="Name">The part.</param>
/// <param name="First">The mean loss of the first logged steps.</param>
/// <param name="Last">The mean loss of the last.</param>
/// <param name="MayBe">The highest share of the first that the last may be.</param>
internal sealed record LearningCheck(string Name, double First, double Last, double MayBe)
{
    internal double Share => Last / First;

    internal bool Passed => Share <= MayBe;

    /// <summary>Several as a table.</summary>
    internal static ResultTable Table(IEnumerable<LearningCheck> checks)
    {
        var table = new ResultTable("part", "first loss", "last loss", "share", "may be", "") { IsRuled = true };
        foreach (LearningCheck c in checks)
        {
            table.Add(
                c.Name,
                $"{c.First:0.000}",
                $"{c.Last:0.000}",
                $"{c.Share:0.00}",
                $"{c.MayBe:0.00}",
                c.Passed ? "learns" : "does not learn");
        }

        return table;
    }

    /// <summary>Reads the log of a part's training.</summary>
    internal static LearningCheck Of(TrainingPart part, string log)
    {
        double[] losses =
        [
            .. File.ReadLines(log)
                .Skip(1)
                .Select(row => double.Parse(row.Split(',')[TrainingRun.LossColumn], CultureInfo.InvariantCulture)),
        ];
        return new LearningCheck(part.Name, losses[0], losses[^1], part.LossFallsTo);
    }
}
