namespace Costate.Cli.Terminals;

/// <summary>Text broken between words, for a terminal of some width.</summary>
internal static class WrappedText
{
    /// <summary>Breaks a line between words; an indented one keeps its indentation and hangs by four more.</summary>
    internal static IEnumerable<string> Of(string text, int width)
    {
        string indent = text[..(text.Length - text.TrimStart().Length)];
        if (text.Length <= width)
        {
            yield return text;
            yield break;
        }

        string line = "";
        foreach (string word in text.TrimStart().Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length == 0)
            {
                line = indent + word;
            }
            else if (line.Length + 1 + word.Length <= width)
            {
                line += ' ' + word;
            }
            else
            {
                yield return line;
                line = (indent.Length > 0 ? indent + "    " : "") + word;
            }
        }

        yield return line;
    }
}
