using Costate.Cli.Terminals;

namespace Costate.Cli.Commands;

/// <summary>What a command has found out, for other programs and for people.</summary>
/// <param name="Report">All of it, a JSON object.</param>
/// <param name="ReportFile">The file among the results that it is written to as well; none if null.</param>
/// <param name="Print">Prints what people want to see, above the names of the files.</param>
internal sealed record Outcome(string Report, string? ReportFile, Action<Terminal> Print)
{
    /// <summary>Of a command that has nothing to tell but its files.</summary>
    internal static Outcome OfFiles { get; } = new("", ReportFile: null, _ => { });

    /// <summary>Of a command whose results another process has summed up, which shared the work.</summary>
    /// <param name="report">The file in which it says what was found out.</param>
    internal static Outcome OfAnother(string report) =>
        new(File.ReadAllText(report).TrimEnd(), ReportFile: null, to => to.Output.WriteLine("Another process has summed up."));

    /// <summary>What was written, in words; the names of the files if null.</summary>
    internal string? Written { get; init; }

    /// <summary>What stands behind the names of the files.</summary>
    internal string Remark { get; init; } = "";

    /// <summary>Whether a page that shows the pictures is one of the files.</summary>
    internal bool HasGallery { get; init; }

    /// <summary>Whether a part of what was asked for failed, which the exit code says.</summary>
    internal bool Failed { get; init; }
}
