using System.Text;

namespace Costate.Experiments.Files;

/// <summary>What all CSV files of the tool have in common: names of columns in snake_case, and quotes where a value needs them.</summary>
internal static class Csv
{
    /// <summary>The name of a column: its words in lower case, with one underscore between them.</summary>
    /// <param name="words">Of any kind, such as the name of a recogniser.</param>
    internal static string Column(params string[] words)
    {
        var name = new StringBuilder();
        foreach (char c in string.Join(' ', words))
        {
            if (char.IsLetterOrDigit(c))
            {
                name.Append(char.ToLowerInvariant(c));
            }
            else if (name.Length > 0 && name[^1] != '_')
            {
                name.Append('_');
            }
        }

        return name.ToString().TrimEnd('_');
    }

    /// <summary>A value, in quotes where it holds a comma, a quote or the end of a line.</summary>
    internal static string Quoted(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
