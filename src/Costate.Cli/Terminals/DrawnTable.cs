using Costate.Faces.Reports;
using Spectre.Console;

namespace Costate.Cli.Terminals;

/// <summary>A table of results as a terminal shows it.</summary>
internal static class DrawnTable
{
    internal static Table Of(ResultTable given)
    {
        var table = new Table { Border = given.IsRuled ? TableBorder.Horizontal : TableBorder.Simple };
        table.Title = given.Title is null ? null : new TableTitle(Markup.Escape(given.Title));
        table.Caption = given.Caption is null ? null : new TableTitle(Markup.Escape(given.Caption));
        foreach ((int i, string name) in given.Columns.Index())
        {
            bool isNumber = i >= given.WordColumns;
            table.AddColumn(new TableColumn(Markup.Escape(name)) { Alignment = isNumber ? Justify.Right : null, NoWrap = isNumber });
        }

        foreach (IReadOnlyList<string> row in given.Rows)
        {
            table.AddRow(row.Count == 1 && given.Columns.Count > 1
                ? [$"[bold]{Markup.Escape(row[0])}[/]", .. Enumerable.Repeat("", given.Columns.Count - 1)]
                : [.. row.Select(Markup.Escape)]);
        }

        return table;
    }
}
