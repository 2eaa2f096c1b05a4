using System.CommandLine;
using System.Globalization;

namespace Costate.Cli.Commands;

/// <summary>Options that every computing command has.</summary>
internal static class CommonOptions
{
    internal static Option<string> Output(string folder) => new("--output", "-o")
    {
        Description = "Folder for the results; created if it is missing. Files already there are replaced only when all has succeeded.",
        HelpName = "DIR",
        DefaultValueFactory = _ => folder,
    };

    internal static Option<bool> Json() => new("--json")
    {
        Description = "Print one JSON object on the standard output and nothing else there.",
    };

    internal static Option<string?> Weights() => new("--weights")
    {
        Description = "Folder with the weights of the embedded networks. [default: those that came with the tool]",
        HelpName = "DIR",
    };

    internal static Option<int?> Threads(string description) => AtLeast("--threads", 1, description);

    /// <summary>An optional number within a range.</summary>
    internal static Option<double?> Number(string name, string helpName, Func<double, bool> fits, string expected, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && fits(value))
            {
                return value;
            }

            result.AddError($"Got {name} {text}; expected {expected}.");
            return null;
        },
    };

    /// <summary>An optional whole number with a lowest value.</summary>
    internal static Option<int?> AtLeast(string name, int lowest, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (int.TryParse(text, out int value) && value >= lowest)
            {
                return value;
            }

            result.AddError($"Got {name} {text}; expected a whole number, at least {lowest}.");
            return null;
        },
    };
}
