using System.Globalization;

namespace Costate.Faces.Names;

/// <summary>Numbers with commas between them, each once.</summary>
internal static class NumberList
{
    /// <summary>Finite numbers above 0.</summary>
    /// <exception cref="InputException">One is none, or not above 0.</exception>
    internal static IReadOnlyList<double> Parse(string parameter, string text) =>
    [
        .. text.Split(',')
            .Select(part => double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && double.IsFinite(number) && number > 0
                ? number
                : throw new InputException(parameter, text, "numbers above 0 with commas between them, such as 1,2.5"))
            .Distinct(),
    ];

    /// <summary>Whole numbers from 1 on.</summary>
    /// <exception cref="InputException">One is none, or too large.</exception>
    internal static IReadOnlyList<int> Wholes(string parameter, string text, int highest) =>
    [
        .. text.Split(',')
            .Select(part => int.TryParse(part.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number >= 1 && number <= highest
                ? number
                : throw new InputException(parameter, text, $"whole numbers from 1 to {highest} with commas between them, such as 10,20"))
            .Distinct(),
    ];
}
