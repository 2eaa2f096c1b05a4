using Spectre.Console;
using Spectre.Console.Rendering;

namespace Costate.Cli.Terminals;

/// <summary>A table where it has no room side by side: a block of lines for each row, a cell with the name of its column on each.</summary>
internal static class StackedTable
{
    /// <summary>The lines; none holds two cells, so that no number is cut to make room for another.</summary>
    internal static IEnumerable<string> Lines(Table table, RenderOptions options)
    {
        string[] columns = [.. table.Columns.Select(column => Text(column.Header, options))];
        if (table.Title is { } title)
        {
            yield return Markup.Remove(title.Text);
        }

        foreach (Spectre.Console.TableRow row in table.Rows)
        {
            foreach ((int i, IRenderable cell) in row.Index())
            {
                string text = Text(cell, options);
                if (text.Length > 0)
                {
                    yield return $"{(i == 0 ? "" : "  ")}{(columns[i].Length == 0 ? "" : $"{columns[i]}: ")}{text}";
                }
            }
        }
    }

    private static string Text(IRenderable renderable, RenderOptions options) =>
        string.Concat(
                renderable
                    .Render(options, int.MaxValue / 2)
                    .Where(segment => !segment.IsControlCode)
                    .Select(segment => segment.IsLineBreak ? " " : segment.Text))
            .Trim();
}
