namespace Costate.Faces.Reports;

/// <summary>A result as a table of words and numbers; how it looks is for those who show it.</summary>
/// <param name="columns">The names of the columns.</param>
internal sealed class ResultTable(params IReadOnlyList<string> columns)
{
    private readonly List<IReadOnlyList<string>> rows = [];

    internal IReadOnlyList<string> Columns { get; } = columns;

    /// <summary>What stands above it; nothing if null.</summary>
    internal string? Title { get; init; }

    /// <summary>What stands below it; nothing if null.</summary>
    internal string? Caption { get; init; }

    /// <summary>How many of the first columns hold words; the others hold numbers.</summary>
    internal int WordColumns { get; init; } = 1;

    /// <summary>Whether lines set it off from what is around it.</summary>
    internal bool IsRuled { get; init; }

    /// <summary>The cells of each row; a single one is a heading over those that follow.</summary>
    internal IReadOnlyList<IReadOnlyList<string>> Rows => rows;

    /// <summary>Adds a row: a cell for each column, or a heading.</summary>
    internal void Add(params IReadOnlyList<string> cells) => rows.Add(cells);
}
