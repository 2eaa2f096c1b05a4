using System.Globalization;

namespace Costate.Faces.Names;

/// <summary>A value such as <c>vp-linear:0.1,20</c>: a name, and numbers that may be left out.</summary>
internal readonly record struct Specification(string Name, IReadOnlyList<double> Numbers)
{
    /// <summary>Takes a text apart.</summary>
    /// <exception cref="InputException">What follows the colon is not finite numbers with commas between them.</exception>
    internal static Specification Parse(string parameter, string text)
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
            if (
                !double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]) || !double.IsFinite(numbers[i])
            )
            {
                throw new InputException(
                    parameter,
                    text,
                    $"a name with numbers after the colon and commas between them, such as {text[..colon]}:0.1,20");
            }
        }

        return new Specification(text[..colon], numbers);
    }

    /// <summary>The entry of a table that a name stands for.</summary>
    /// <exception cref="InputException">There is none; the message lists the names.</exception>
    internal static T Find<T>(string parameter, string name, IReadOnlyList<T> table, Func<T, string> nameOf)
    {
        foreach (T entry in table)
        {
            if (string.Equals(nameOf(entry), name, StringComparison.OrdinalIgnoreCase))
            {
                return entry;
            }
        }

        throw new InputException(parameter, name, $"one of: {string.Join(", ", table.Select(nameOf))}");
    }
}
