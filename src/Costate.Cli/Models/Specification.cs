using System.Globalization;

namespace Costate.Cli.Models;

/// <summary>A value such as <c>vp-linear:0.1,20</c>: a name, and numbers that may be left out.</summary>
internal readonly record struct Specification(string Name, IReadOnlyList<double> Numbers)
{
    /// <summary>Takes a text apart.</summary>
    /// <exception cref="UsageException">What follows the colon is not finite numbers with commas between them.</exception>
    internal static Specification Parse(string option, string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return new Specification(text, []);
        }

        string[] parts = text[(colon + 1)..].Split(',');
        double[] numbers = new double[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]) || !double.IsFinite(numbers[i]))
            {
                throw new UsageException($"Got {option} {text}; expected numbers after the colon, with commas between them, such as {text[..colon]}:0.1,20.");
            }
        }

        return new Specification(text[..colon], numbers);
    }

    /// <summary>The entry of a table that a name stands for.</summary>
    /// <exception cref="UsageException">There is none; the message lists the names.</exception>
    internal static T Find<T>(string option, string name, IReadOnlyList<T> table, Func<T, string> nameOf)
    {
        foreach (T entry in table)
        {
            if (string.Equals(nameOf(entry), name, StringComparison.OrdinalIgnoreCase))
            {
                return entry;
            }
        }

        throw new UsageException($"Got {option} {name}; expected one of: {string.Join(", ", table.Select(nameOf))}.");
    }
}
