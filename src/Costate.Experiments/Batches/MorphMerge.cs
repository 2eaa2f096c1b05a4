using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Batches;

/// <summary>Joins the shards of a batch of morphs.</summary>
internal static class MorphMerge
{
    /// <summary>Checks that the folders are all shards of one batch, each complete, and copies their morphs.</summary>
    /// <exception cref="InvalidDataException">They are not.</exception>
    internal static MorphBatchReport Run(IReadOnlyList<string> folders, MorphFolder output, CancellationToken cancellationToken)
    {
        (string Path, MorphFolder Folder, MorphBatchReport Report)[] parts = [.. folders.Select(Open)];
        EvaluationContents whole = EvaluationContents.Whole([.. parts.Select(p => (p.Path, p.Folder.Contents!))], "pair");
        if (parts.FirstOrDefault(p => p.Report.Total != parts[0].Report.Total) is { Path: string other })
        {
            throw new InvalidDataException(
                $"'{other}' is of another file of pairs than '{parts[0].Path}'; expected shards of one batch.");
        }

        (MorphFolder Folder, MorphBatchRow Row)[] rows =
        [
            .. parts.SelectMany(p => p.Report.Pairs.Select(row => (p.Folder, Row: row))).OrderBy(each => each.Row.Line),
        ];
        if (rows.Select(each => each.Row.Line).Distinct().Count() != parts[0].Report.Total || rows.Length != parts[0].Report.Total)
        {
            throw new InvalidDataException(
                $"The folders have {rows.Length} rows; expected {parts[0].Report.Total}, each once. Run costate morph on the shards anew.");
        }

        output.Begin(whole);
        var lines = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        List<MorphBatchRow> joined = [];
        foreach ((MorphFolder folder, MorphBatchRow row) in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // Pairs without names, of the same pictures, can meet here for the first time.
            MorphBatchRow kept = row.Error is null && !lines.TryAdd(row.Name, row.Line)
                ? new MorphBatchRow { Line = row.Line, Name = "", Error = PairsRow.Twice(lines[row.Name]) }
                : row;
            joined.Add(kept);
            if (kept.Error is null)
            {
                output.Copy(folder, row.Name);
            }
        }

        var report = parts[0].Report with { Shard = whole.Shard, Pairs = joined };
        string[] recognisers = [.. joined.FirstOrDefault(row => row.Recognisers is not null)?.Recognisers!.Select(r => r.Recogniser) ?? []];
        MorphBatchFiles.Write(output.FullName, report, recognisers);
        return report;
    }

    private static (string Path, MorphFolder Folder, MorphBatchReport Report) Open(string path)
    {
        var folder = new MorphFolder(path);
        return folder.Contents?.Study == MorphFolder.StudyName && folder.Summary() is MorphBatchReport report
            ? (path, folder, report)
            : throw new InvalidDataException(
                $"Got '{path}': it lacks {EvaluationContents.File} or {MorphBatchFiles.Report}; expected the folder "
                    + "of a batch of morphs that was written to its end.");
    }
}
