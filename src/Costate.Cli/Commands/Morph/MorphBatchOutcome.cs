using Costate.Experiments.Batches;
using Costate.Experiments.Galleries;
using Costate.Faces.Reports;

namespace Costate.Cli.Commands.Morph;

/// <summary>What is told of a batch.</summary>
internal static class MorphBatchOutcome
{
    private static readonly string[] Files = [MorphBatchFiles.Table, MorphBatchFiles.Report, Gallery.FileName, "a folder for each pair"];

    internal static (Outcome Outcome, IReadOnlyList<string> Files) Of(MorphBatchReport report) => (
        new Outcome(JsonReport.Text(report), ReportFile: null, to => to.Write(MorphTables.Of(report)))
        {
            Failed = report.Pairs.Any(pair => pair.Error is not null),
        },
        Files);
}
