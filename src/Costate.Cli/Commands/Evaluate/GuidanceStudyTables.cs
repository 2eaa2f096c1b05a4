using Costate.Experiments.Guidance;
using Spectre.Console;

namespace Costate.Cli.Commands.Evaluate;

/// <summary>An evaluation of guidance in tables, for the terminal.</summary>
internal static class GuidanceStudyTables
{
    /// <summary>A table for each task.</summary>
    internal static IEnumerable<Table> Of(IReadOnlyList<GuidanceStudySummary> summaries)
    {
        foreach (GuidanceStudyTable given in GuidanceStudyTable.Of(summaries))
        {
            Table table = new Table().Border(TableBorder.Simple).Title(Markup.Escape(given.Title));
            table.AddColumn(new TableColumn(GuidanceStudyTable.Columns[0]).NoWrap());
            foreach (string name in GuidanceStudyTable.Columns.Skip(1))
            {
                table.AddColumn(new TableColumn(name).RightAligned().NoWrap());
            }

            foreach (string[] row in given.Rows)
            {
                table.AddRow([.. row.Select(Markup.Escape)]);
            }

            yield return table;
        }
    }
}
