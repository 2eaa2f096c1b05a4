namespace Costate.Experiments.Batches;

/// <summary>A row of a file of pairs.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Name">What its folder is called; empty if the row says no name, or is bad.</param>
/// <param name="A">The first picture.</param>
/// <param name="B">The second.</param>
/// <param name="Error">What is wrong with the row, or null.</param>
internal sealed record PairsRow(int Line, string Name, string A, string B, string? Error = null)
{
    /// <summary>What is wrong with a row without a name whose pictures another has.</summary>
    internal static string Twice(int line) =>
        $"got the pictures of line {line} again; expected other pictures, or a name for one of the two";
}

/// <summary>Pairs of pictures in a CSV file: <c>a,b</c> or <c>a,b,name</c>, with or without these words as its first line.</summary>
internal static class PairsFile
{
    private static readonly string[] Header = ["a", "b", "name"];

    /// <summary>Reads all rows, bad ones too. Paths are relative to the file.</summary>
    /// <exception cref="InputException">The file is missing or has no row.</exception>
    internal static IReadOnlyList<PairsRow> Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new InputException("batch", $"{path}, which does not exist,", "a CSV file whose rows are a,b or a,b,name");
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var rows = new List<PairsRow>();
        var names = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach ((int index, string text) in File.ReadLines(path).Index())
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            string[]? cells = Cells(text);
            if (
                rows.Count > 0
                || cells is null
                || !cells.Zip(Header).All(p => string.Equals(p.First, p.Second, StringComparison.OrdinalIgnoreCase)))
            {
                rows.Add(Row(index + 1, cells, folder, names));
            }
        }

        return rows.Count > 0
            ? rows
            : throw new InputException("batch", $"{path}, which has no pairs,", "a CSV file whose rows are a,b or a,b,name");
    }

    private static PairsRow Row(int line, string[]? cells, string folder, Dictionary<string, int> names)
    {
        if (cells is not { Length: 2 or 3 } || cells.Any(string.IsNullOrWhiteSpace))
        {
            string got = cells is null
                ? "a quote that does not end"
                : $"{cells.Length} values, {cells.Count(string.IsNullOrWhiteSpace)} of them empty";
            return Bad($"got {got}; expected a,b or a,b,name");
        }

        string name = cells.Length == 3 ? cells[2].Normalize() : "";
        if (name.Length > 0 && PairName.Expected(name) is string expected)
        {
            return Bad($"got the name '{name}'; expected {expected}");
        }

        return name.Length == 0 || names.TryAdd(name, line)
            ? new PairsRow(line, name, Path.Combine(folder, cells[0]), Path.Combine(folder, cells[1]))
            : Bad($"got the name '{name}', which line {names[name]} has; expected names that differ, in more than capitals");

        PairsRow Bad(string error) => new(line, "", "", "", error);
    }

    // Values between commas; one in quotes may hold commas, and quotes doubled. Null if a quote does not end.
    private static string[]? Cells(string text)
    {
        var cells = new List<string>();
        var cell = new System.Text.StringBuilder();
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '"' && quoted && i + 1 < text.Length && text[i + 1] == '"')
            {
                cell.Append(text[++i]);
            }
            else if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                cells.Add(cell.ToString().Trim());
                cell.Clear();
            }
            else
            {
                cell.Append(c);
            }
        }

        cells.Add(cell.ToString().Trim());
        return quoted ? null : [.. cells];
    }
}
