using System.Globalization;
using System.Text;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Files;
using Costate.Experiments.Galleries;
using Costate.Faces.Files;
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
/// <param name="read">Reads the two pictures of a pair; an <see cref="InvalidDataException"/> says what is wrong with one.</param>
/// <param name="tell">Told, as text, why a pair fails.</param>
internal sealed class MorphBatch(
    string output,
    FaceModel model,
    MorphRun run,
    MorphSettings settings,
    Func<string, string, (FacePicture A, FacePicture B)> read,
    Action<string> tell)
{
    internal const string SettingsFile = EvaluationContents.File;
    internal const string TableFile = "morphs.csv";
    internal const string FileName = "batch.json";

    /// <summary>The files beside the folders of the pairs.</summary>
    internal static readonly string[] Files = [SettingsFile, TableFile, FileName, Gallery.FileName];

    private readonly MorphFolder folder = new(output);
    private readonly SortedDictionary<string, Setting> described = settings.Describe(model.Model.Source);
    private readonly SortedDictionary<int, MorphBatchRow> rows = [];
    private readonly Dictionary<string, int> linesOfContent = new(StringComparer.Ordinal);

    /// <summary>Refuses a folder of other settings, and leaves a note of these.</summary>
    /// <exception cref="InvalidDataException">The settings differ, or the folder cannot be used.</exception>
    internal void Begin() => folder.Begin(new EvaluationContents
    {
        Study = folder.Study,
        Settings = described,
        Shard = Shard.Whole.ToString(),
        Methods = new Dictionary<string, int>(),
    });

    /// <summary>Morphs all pairs that are not there yet.</summary>
    /// <returns>A row for each pair, in the order of the file; written to the folder too.</returns>
    internal MorphBatchReport Run(
        IReadOnlyList<PairsRow> pairs,
        int group,
        Action<double, double?> progress,
        CancellationToken cancellationToken)
    {
        var waiting = new List<MorphBatchPair>();
        foreach (PairsRow pair in pairs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Missing(pair) is MorphBatchPair missing)
            {
                waiting.Add(missing);
            }

            if (waiting.Count == group)
            {
                Morph(waiting, progress, cancellationToken);
                waiting.Clear();
            }
        }

        Morph(waiting, progress, cancellationToken);
        return Finish();
    }

    // Null if there is nothing to do: it is done, or cannot be.
    private MorphBatchPair? Missing(PairsRow pair)
    {
        try
        {
            if (pair.Error is not null)
            {
                throw new InvalidDataException(pair.Error);
            }

            (FacePicture a, FacePicture b) = read(pair.A, pair.B);
            pair = Named(pair, a, b);
            if (folder.Find(pair.Name) is not MorphReport report)
            {
                return new MorphBatchPair(pair, a, b);
            }

            rows[pair.Line] = (report.A.Sha256, report.B.Sha256) == (a.Sha256, b.Sha256)
                ? MorphBatchRow.Of(pair, report, wasThere: true)
                : throw new InvalidDataException(
                    $"'{folder.FolderOf(pair.Name)}' is a morph of other pictures. Remove that folder, or give the pair another name.");
        }
        catch (Exception e)
            when (e is InputException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            Fail(pair, e.Message);
        }

        return null;
    }

    // A pair that has no name is called by its pictures.
    private PairsRow Named(PairsRow pair, FacePicture a, FacePicture b)
    {
        if (pair.Name.Length > 0)
        {
            return pair;
        }

        string name = PairName.Of(a, b);
        return linesOfContent.TryAdd(name, pair.Line)
            ? pair with { Name = name }
            : throw new InvalidDataException(
                $"got the pictures of line {linesOfContent[name]} again; expected other pictures, or a name for one of the two");
    }

    // What a network cannot take in one pair shall not stop the others: they are then tried one by one.
    private void Morph(IReadOnlyList<MorphBatchPair> pairs, Action<double, double?> progress, CancellationToken cancellationToken)
    {
        if (pairs.Count == 0)
        {
            return;
        }

        int before = rows.Count;
        using DisposeScope scope = NewDisposeScope();
        try
        {
            IReadOnlyList<MorphOutcome> outcomes = run.Run(
                [.. pairs.Select(p => (p.A, p.B))],
                (done, loss) => progress(before + (done * pairs.Count), loss),
                cancellationToken);
            foreach ((MorphBatchPair pair, MorphOutcome outcome) in pairs.Zip(outcomes))
            {
                Keep(pair, outcome);
            }
        }
        catch (InvalidOperationException e) when (pairs.Count == 1)
        {
            Fail(pairs[0].Row, e.Message);
        }
        catch (InvalidOperationException)
        {
            foreach (MorphBatchPair pair in pairs)
            {
                Morph([pair], progress, cancellationToken);
            }
        }
    }

    private void Keep(MorphBatchPair pair, MorphOutcome outcome)
    {
        try
        {
            rows[pair.Row.Line] = MorphBatchRow.Of(pair.Row, folder.Add(pair, outcome, described, settings.Seed), wasThere: false);
        }
        catch (IOException e)
        {
            Fail(pair.Row, e.Message);
        }
    }

    private void Fail(PairsRow pair, string message)
    {
        rows[pair.Line] = MorphBatchRow.Of(pair, message);
        tell($"line {pair.Line}: {message}");
    }

    private MorphBatchReport Finish()
    {
        using OutputFolder together = OutputFolder.Prepare(output, TableFile, FileName, Gallery.FileName);
        string[] recognisers = [model.Attack.Name, .. model.Judges.Select(j => j.Name)];
        var table = new StringBuilder();
        table.AppendJoin(
            ',',
                [
                    "line",
                    "name",
                    "accepted",
                    "loss",
                    "blend_accepted",
                    "blend_loss",
                    .. recognisers.SelectMany(r => (string[])[Csv.Column(r, "to a"), Csv.Column(r, "to b")]),
                    "error",
                ])
            .Append('\n');
        foreach (MorphBatchRow row in rows.Values)
        {
            IEnumerable<string> numbers = row.Recognisers is null
                ? Enumerable.Repeat("", 2 * recognisers.Length)
                : row.Recognisers.SelectMany(s => (double[])[s.ToA, s.ToB]).Select(v => v.ToString("R", CultureInfo.InvariantCulture));
            table
                .AppendJoin(
                    ',',
                    [
                        row.Line.ToString(CultureInfo.InvariantCulture),
                        Csv.Quoted(row.Name),
                        Verdict(row, row.Accepted),
                        Number(row.Loss),
                        Verdict(row, row.BlendAccepted),
                        Number(row.BlendLoss),
                        .. numbers,
                        Csv.Quoted(row.Error ?? ""),
                    ])
                .Append('\n');
        }

        File.WriteAllText(together.Stage(TableFile), table.ToString());
        var report = new MorphBatchReport { Settings = described, Pairs = [.. rows.Values] };
        File.WriteAllText(together.Stage(FileName), JsonReport.Text(report) + '\n');
        Gallery.Stage(together, withFolder: true);
        together.Commit();
        return report;
    }

    private static string Verdict(MorphBatchRow row, bool accepted) => row.Error is not null ? "" : accepted ? "yes" : "no";

    private static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";
}
