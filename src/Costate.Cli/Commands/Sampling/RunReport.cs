using Costate.Cli.Terminals;
using Costate.Experiments;
using Costate.Faces.Files;
using Costate.Faces.Reports;

namespace Costate.Cli.Commands.Sampling;

/// <summary>What <c>result.json</c> says of a run.</summary>
internal sealed record RunReport
{
    internal const string FileName = "result.json";

    public required string Command { get; init; }

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required ulong Seed { get; init; }

    public required long[] Shape { get; init; }

    /// <summary>The loss of each item; none for a sample.</summary>
    public double[]? Loss { get; init; }

    public required GradientCost Cost { get; init; }

    /// <summary>All of it, loading included.</summary>
    public required double Seconds { get; init; }

    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Writes the report, moves all files into place, and tells the user.</summary>
    internal void Finish(OutputFolder folder, bool json, Terminal terminal, CancellationToken cancellationToken)
    {
        string text = JsonReport.Text(this);
        File.WriteAllText(folder.Stage(FileName), text + '\n');
        cancellationToken.ThrowIfCancellationRequested();
        folder.Commit();
        if (json)
        {
            terminal.Output.WriteLine(text);
        }
        else
        {
            terminal.Write(Summary(folder));
        }
    }

    private string Summary(OutputFolder folder)
    {
        string loss = Loss is null
            ? ""
            : $"loss: {string.Join(", ", Loss.Take(8).Select(l => l.ToString("G6")))}{(Loss.Length > 8 ? ", ..." : "")}\n";
        string products =
            Cost.VectorJacobianProducts == 0
                ? ""
                : $", {Cost.VectorJacobianProducts} vector-Jacobian products, {Cost.PeakStoredStates} states kept ({Cost.PeakStoredBytes} "
                    + "bytes)";
        return $"{loss}cost: {Cost.NetworkEvaluations} network evaluations{products}, {Seconds:0.0} s\n{folder.FullName}: "
            + $"{string.Join(", ", Files)}";
    }
}
