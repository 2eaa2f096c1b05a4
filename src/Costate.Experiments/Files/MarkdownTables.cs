using Costate.Faces.Reports;

namespace Costate.Experiments.Files;

/// <summary>Tables for a page of the documentation.</summary>
internal static class MarkdownTables
{
    /// <summary>Each under its title, its caption below.</summary>
    internal static IEnumerable<string> Of(IEnumerable<ResultTable> tables)
    {
        foreach (ResultTable table in tables)
        {
            yield return $"### {table.Title}";
            yield return "";
            yield return $"| {string.Join(" | ", table.Columns)} |";
            yield return $"|{string.Concat(Enumerable.Repeat("---|", table.Columns.Count))}";
            foreach (IReadOnlyList<string> row in table.Rows)
            {
                yield return $"| {string.Join(" | ", row)} |";
            }

            yield return "";
            if (table.Caption is not null)
            {
                yield return table.Caption;
                yield return "";
            }
        }
    }
}
