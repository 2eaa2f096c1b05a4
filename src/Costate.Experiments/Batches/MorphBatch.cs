using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces.Inputs;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using Costate.Faces.Reports;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Batches;

/// <summary>Many pairs into one folder, a folder for each, several at a time. What is there already is not done again.</summary>
/// <param name="output">The folder.</param>
/// <param name="model">What morphs.</param>
/// <param name="run">The same with its settings.</param>
/// <param name="settings">How.</param>
/// <param name="pairs">All pairs, of all parts.</param>
/// <param name="files">Where the pictures come from.</param>
/// <param name="tell">Told, as text, why a pair fails.</param>
internal sealed class MorphBatch(
    string output,
    FaceModel model,
    MorphRun run,
    MorphSettings settings,
    IReadOnlyList<PairsRow> pairs,
    InputFiles files,
    Action<string> tell)
{
    private readonly MorphFolder folder = new(output);
    private readonly SortedDictionary<string, Setting> described = settings.Describe(model.Model);
    private readonly HashSet<int> made = [];
    private readonly HashSet<int> told = [];
    private Division division = Division.None;

    /// <summary>Refuses a folder of other settings, and leaves a note of these.</summary>
    /// <returns>The rows that have nothing there yet, by their place among the pairs.</returns>
    /// <exception cref="InvalidDataException">The settings differ, or the folder cannot be used.</exception>
    internal WorkItems Begin(Division wanted)
    {
        division = wanted;
        return new EvaluationContents
        {
            Study = folder.Study,
            Settings = described,
            Shard = division.Shard.ToString(),
            Methods = new Dictionary<string, int>(),
        }
            .Begin(
                folder.FullName,
                division,
                pairs.Count,
                item => pairs[item].Name.Length == 0 || !folder.Has(pairs[item].Name),
                string.Join('\n', pairs.Select(p => $"{p.Line},{p.Name},{Path.GetFileName(p.A)},{Path.GetFileName(p.B)}")))
            .Items;
    }

    /// <summary>Morphs pairs that are not there yet.</summary>
    internal void Run(WorkItems items, int group, Action<double, double?> progress, CancellationToken cancellationToken)
    {
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (int[] some in items.Groups(group, cancellationToken))
        {
            var missing = new List<(int Item, MorphBatchPair Pair)>();
            foreach (int item in some)
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    (MorphBatchPair pair, MorphReport? there) = Look(pairs[item], lines);
                    if (there is null)
                    {
                        missing.Add((item, pair));
                    }
                }
                catch (Exception e) when (IsOfRow(e))
                {
                    Fail(items, item, e.Message);
                }
            }

            Morph(items, missing, (done, loss) => progress(items.Share(done, some.Length), loss), cancellationToken);
        }
    }

    /// <summary>Sums up what is there of all rows of this part, and what was noted of the others.</summary>
    /// <returns>A row for each pair, in the order of the file; written to the folder too.</returns>
    internal MorphBatchReport Finish(IReadOnlyDictionary<int, string> notes, CancellationToken cancellationToken)
    {
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        var rows = new List<MorphBatchRow>();
        foreach ((int item, PairsRow row) in pairs.Index().Where(p => division.Shard.Has(p.Index)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                (MorphBatchPair pair, MorphReport? there) = Look(row, lines);
                rows.Add(there is not null
                    ? MorphBatchRow.Of(pair.Row, there, wasThere: !made.Contains(item))
                    : throw new InvalidDataException(notes.GetValueOrDefault(item, "its morph is gone")));
            }
            catch (Exception e) when (IsOfRow(e))
            {
                rows.Add(MorphBatchRow.Of(row, e.Message));
                Tell(row, e.Message);
            }
        }

        var report = new MorphBatchReport { Settings = described, Shard = division.Shard.ToString(), Total = pairs.Count, Pairs = rows };
        MorphBatchFiles.Write(output, report, [model.Attack.Name, .. model.Judges.Select(j => j.Name)]);
        return report;
    }

    private static bool IsOfRow(Exception e) => e is InputException or InvalidDataException or IOException or UnauthorizedAccessException;

    // The pictures of a row, and what is there of it; null if nothing is.
    private (MorphBatchPair Pair, MorphReport? There) Look(PairsRow row, Dictionary<string, int> lines)
    {
        if (row.Error is not null)
        {
            throw new InvalidDataException(row.Error);
        }

        (FacePicture a, FacePicture b) = FacePair.Read(files, row.A, row.B, model.Side);
        row = Named(row, a, b, lines);
        MorphReport? report = folder.Find(row.Name);
        return report is null || (report.A.Sha256, report.B.Sha256) == (a.Sha256, b.Sha256)
            ? (new MorphBatchPair(row, a, b), report)
            : throw new InvalidDataException(
                $"'{folder.FolderOf(row.Name)}' is a morph of other pictures. Remove that folder, or give the pair another name.");
    }

    // A pair that has no name is called by its pictures.
    private static PairsRow Named(PairsRow row, FacePicture a, FacePicture b, Dictionary<string, int> lines)
    {
        if (row.Name.Length > 0)
        {
            return row;
        }

        string name = PairName.Of(a, b);
        return lines.TryAdd(name, row.Line) ? row with { Name = name } : throw new InvalidDataException(PairsRow.Twice(lines[name]));
    }

    // What a network cannot take in one pair shall not stop the others: they are then tried one by one.
    private void Morph(
        WorkItems items,
        IReadOnlyList<(int Item, MorphBatchPair Pair)> missing,
        Action<double, double?> progress,
        CancellationToken cancellationToken)
    {
        if (missing.Count == 0)
        {
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        try
        {
            IReadOnlyList<MorphOutcome> outcomes = run.Run([.. missing.Select(m => (m.Pair.A, m.Pair.B))], progress, cancellationToken);
            foreach (((int item, MorphBatchPair pair), MorphOutcome outcome) in missing.Zip(outcomes))
            {
                Keep(items, item, pair, outcome);
            }
        }
        catch (InvalidOperationException e) when (missing.Count == 1)
        {
            Fail(items, missing[0].Item, e.Message);
        }
        catch (InvalidOperationException)
        {
            foreach ((int, MorphBatchPair) pair in missing)
            {
                Morph(items, [pair], progress, cancellationToken);
            }
        }
    }

    private void Keep(WorkItems items, int item, MorphBatchPair pair, MorphOutcome outcome)
    {
        try
        {
            folder.Add(pair, outcome, described, settings.Seed);
            made.Add(item);
        }
        catch (IOException e)
        {
            Fail(items, item, e.Message);
        }
    }

    private void Fail(WorkItems items, int item, string message)
    {
        items.Note(item, message);
        Tell(pairs[item], message);
    }

    private void Tell(PairsRow row, string message)
    {
        if (told.Add(row.Line))
        {
            tell($"line {row.Line}: {message}");
        }
    }
}
