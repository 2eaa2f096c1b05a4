using System.Globalization;
using System.Text;

namespace Costate.Networks;

/// <summary>Makes text from a file fit to show in an error message.</summary>
internal static class ErrorText
{
    private const int MaxCharacters = 100;

    /// <summary>Quotes, cuts and escapes a name, which may hold control characters or be very long.</summary>
    internal static string Quote(string name) => $"'{Shorten(name)}'";

    /// <summary>The first of several names, and how many more there are.</summary>
    internal static string List(IReadOnlyCollection<string> names, int shown = 8) =>
        string.Join(", ", names.Take(shown).Select(Quote)) + (names.Count > shown ? $" and {names.Count - shown} more" : "");

    /// <summary>Cuts and escapes a text.</summary>
    internal static string Shorten(string text)
    {
        var shown = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (shown.Length >= MaxCharacters)
            {
                return shown.Append("...").ToString();
            }

            // Escape what would move a terminal's cursor or reverse the text around it.
            if (Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format)
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            }
            else
            {
                shown.Append(rune);
            }
        }

        return shown.ToString();
    }
}
