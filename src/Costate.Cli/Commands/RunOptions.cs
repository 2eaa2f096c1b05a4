using System.CommandLine;

namespace Costate.Cli.Commands;

/// <summary>Where a command writes, on how many threads of torch it computes, and what it prints.</summary>
/// <param name="Output">The folder.</param>
/// <param name="Threads">Of torch; all cores if null.</param>
/// <param name="Json">Whether to print the report in place of what people want to see.</param>
internal sealed record RunSettings(string Output, int? Threads = null, bool Json = false)
{
    /// <summary>The file to write down in how far the run is; none if null.</summary>
    internal string? Metrics { get; init; }

    /// <summary>The folder for TensorBoard; none if null.</summary>
    internal string? Events { get; init; }
}

/// <summary>The options that say it.</summary>
internal sealed class RunOptions(Option<string> output, string threads = "Threads of torch. [default: all cores]")
{
    private readonly Option<int?> torchThreads = CommonOptions.Threads(threads);
    private readonly Option<bool> json = CommonOptions.Json();
    private readonly Option<string?> metrics = CommonOptions.Metrics();

    /// <summary>All of them, in the order of the help.</summary>
    internal Option[] All => [torchThreads, output, metrics, json];

    /// <summary>What they say.</summary>
    /// <param name="parsed">What the user typed.</param>
    /// <param name="threads">How many threads unless the user says it; null for all cores.</param>
    internal RunSettings Of(ParseResult parsed, int? threads = null) =>
        new(parsed.GetValue(output)!, parsed.GetValue(torchThreads) ?? threads, parsed.GetValue(json))
        {
            Metrics = parsed.GetValue(metrics),
        };
}
