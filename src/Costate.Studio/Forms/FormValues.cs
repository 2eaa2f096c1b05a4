using System.Text.RegularExpressions;

namespace Costate.Studio.Forms;

/// <summary>A form that was filled in.</summary>
/// <param name="Values">As the tool takes them, by the names of fields; what was left out is missing.</param>
/// <param name="Arguments">Of the tool.</param>
/// <param name="Model">The folder of the pipeline, or null for an embedded model.</param>
internal sealed partial record FormValues(
    IReadOnlyDictionary<string, string> Values, IReadOnlyList<string> Arguments, string? Model)
{
    /// <summary>A value, or another where it was left out.</summary>
    internal string Or(string name, string otherwise) => Values.GetValueOrDefault(name, otherwise);

    /// <summary>Whether a field was filled in.</summary>
    internal bool Has(string name) => Values.ContainsKey(name);

    /// <summary>The command line, to be copied to a shell of Unix.</summary>
    internal string CommandLine => "costate " + string.Join(' ', Arguments.Select(Quoted));

    private static string Quoted(string argument) =>
        Plain().IsMatch(argument) ? argument : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"^[A-Za-z0-9_./:=,+@%-]+$")]
    private static partial Regex Plain();
}
