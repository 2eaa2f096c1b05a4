using System.Globalization;
using Costate.Experiments.Gradients;
using Costate.Faces.Reports;

namespace Costate.Experiments.Posteriors;

/// <summary>The study of posteriors as tables, one for each bed.</summary>
internal static class PosteriorTable
{
    internal static IEnumerable<ResultTable> Of(IReadOnlyList<PosteriorSummary> summaries)
    {
        foreach (IGrouping<string, PosteriorSummary> bed in summaries.GroupBy(summary => summary.Bed))
        {
            var table = new ResultTable("method", "particles", "sliced W2", "over floor", "log Z off", "seconds")
            {
                Title = $"{bed.Key} numbers measured; floor {Short(bed.First().Floor)}",
                Caption = "to exact samples; the floor is that of two exact sets; behind a name the strength that did best",
                IsRuled = true,
            };
            foreach (PosteriorSummary each in bed)
            {
                table.Add(
                    each.Strength is double strength ? FormattableString.Invariant($"{each.Method}, {strength}") : each.Method,
                    $"{each.Particles}",
                    Short(each.Distance),
                    each.OverFloor?.ToString("0.0", CultureInfo.InvariantCulture) ?? "-",
                    each.LogZError?.ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture) ?? "",
                    each.Seconds.ToString("0.0", CultureInfo.InvariantCulture));
            }

            yield return table;
        }
    }

    private static string Short(double? distance) => distance is double value ? GradientStudyTables.Short(value) : "-";
}
