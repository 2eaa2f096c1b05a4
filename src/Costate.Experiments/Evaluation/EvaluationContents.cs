using System.Text.Json;
using Costate.Experiments.Sharing;
using Costate.Faces.Files;
using Costate.Faces.Reports;

namespace Costate.Experiments.Evaluation;

/// <summary>What <c>evaluation.json</c> says a folder of results is for.</summary>
internal sealed record EvaluationContents
{
    /// <summary>The file in the folder.</summary>
    internal const string File = "evaluation.json";

    /// <summary>What is evaluated, as <c>costate evaluate</c> names it.</summary>
    public string Study { get; init; } = "morphs";

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    /// <summary>Which items are here, as shards are named.</summary>
    public required string Shard { get; init; }

    /// <summary>The methods that were asked for, and for how many items in all shards together.</summary>
    public required IReadOnlyDictionary<string, int> Methods { get; init; }

    /// <summary>Those of a folder; null if it has none.</summary>
    /// <exception cref="InvalidDataException">They cannot be read.</exception>
    internal static EvaluationContents? Of(string folder)
    {
        string file = Path.Combine(folder, File);
        try
        {
            return System.IO.File.Exists(file) ? JsonReport.Read<EvaluationContents>(file) : null;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"Cannot read '{file}': {e.Message} Expected a file of costate evaluate. Remove it to begin anew.",
                e);
        }
    }

    /// <summary>Takes a folder for a run, or goes on with it.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>What the folder is for now: with the items and methods of earlier runs too.</returns>
    /// <exception cref="InvalidDataException">It is of other settings or another shard, or cannot be written to.</exception>
    internal EvaluationContents Begin(string folder)
    {
        EvaluationContents contents = Checked(folder);
        contents.Write(folder);
        return contents;
    }

    /// <summary>Takes a folder for a run that computes a part of its items, or goes on with it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="division">Which part; it takes the place of <see cref="Shard"/>.</param>
    /// <param name="all">How many items all parts have.</param>
    /// <param name="lacks">Whether an item lacks a result.</param>
    /// <param name="more">What else the processes that share the folder must have in common.</param>
    /// <returns>What the folder is for now, and the items.</returns>
    /// <exception cref="InvalidDataException">It is of other settings, or shared for other items or methods, or cannot be.</exception>
    internal (EvaluationContents Contents, WorkItems Items) Begin(
        string folder, Division division, int all, Func<int, bool> lacks, string more = "")
    {
        EvaluationContents wanted = this with { Shard = division.Shard.ToString() };
        wanted = wanted.With(wanted);
        EvaluationContents contents = wanted.Checked(folder);
        WorkItems items = division.Open(folder, $"{JsonReport.Text(wanted)}\n{more}", all, lacks);
        try
        {
            contents.Write(folder);
            return (contents, items);
        }
        catch
        {
            items.Dispose();
            throw;
        }
    }

    private EvaluationContents Checked(string folder)
    {
        EvaluationContents contents = this;
        if (Of(folder) is EvaluationContents there)
        {
            if (there.Study != Study)
            {
                throw new InvalidDataException(
                    $"The folder '{folder}' holds {there.Study}, this run is of {Study}. "
                        + "Give another folder for the output.");
            }

            if (there.Differences(Settings) is { Length: > 0 } differences)
            {
                throw new InvalidDataException(
                    $"The folder '{folder}' is of a run with other settings: {differences}. Give the same settings to go on with "
                        + "it, or another folder for the output.");
            }

            if (there.Shard != Shard)
            {
                throw new InvalidDataException(
                    $"The folder '{folder}' holds shard {there.Shard}, this run is {Shard}; expected the same. "
                        + "Give another folder for the output; costate evaluate merge joins them.");
            }

            contents = With(there);
        }

        return contents;
    }

    private void Write(string folder)
    {
        // Of many processes that begin together, one or two write.
        if (Of(folder) is EvaluationContents there && JsonReport.Text(there) == JsonReport.Text(this))
        {
            return;
        }

        using OutputFolder output = OutputFolder.Prepare(folder, File);
        System.IO.File.WriteAllText(output.Stage(File), JsonReport.Text(this) + '\n');
        output.Commit();
    }

    /// <summary>The items of a method that belong here.</summary>
    internal IEnumerable<int> ItemsOf(string method)
    {
        Shard shard = Sharing.Shard.Parse(Shard);
        return Enumerable.Range(0, Methods[method]).Where(shard.Has);
    }

    /// <summary>With the methods and items of another too.</summary>
    internal EvaluationContents With(EvaluationContents other) => this with
    {
        Methods = Methods.Keys.Union(other.Methods.Keys).Order(StringComparer.Ordinal)
            .ToDictionary(m => m, m => Math.Max(Methods.GetValueOrDefault(m), other.Methods.GetValueOrDefault(m))),
    };

    /// <summary>What shards together are for.</summary>
    /// <param name="parts">Folders and what they are for.</param>
    /// <param name="item">What an item is called.</param>
    /// <exception cref="InvalidDataException">They are not all shards of one evaluation.</exception>
    internal static EvaluationContents Whole((string Path, EvaluationContents Contents)[] parts, string item)
    {
        (string firstPath, EvaluationContents first) = parts[0];
        foreach ((string path, EvaluationContents contents) in parts.Skip(1))
        {
            if (contents.Study != first.Study)
            {
                throw new InvalidDataException(
                    $"'{path}' is of costate evaluate {contents.Study}, '{firstPath}' of {first.Study}. Merge shards of one evaluation.");
            }

            if (contents.Differences(first.Settings, $"in '{path}'", $"in '{firstPath}'") is { Length: > 0 } differences)
            {
                throw new InvalidDataException(
                    $"The folders are of evaluations with different settings: {differences}. Merge shards of one evaluation.");
            }

            if (
                contents
                    .With(first)
                    .Methods.FirstOrDefault(m => contents.Methods.GetValueOrDefault(m.Key) != first.Methods.GetValueOrDefault(m.Key)) is
                { Key: string method })
            {
                throw new InvalidDataException(
                    $"'{path}' is for {contents.Methods.GetValueOrDefault(method)} {item}s of {method}, "
                        + $"'{firstPath}' for {first.Methods.GetValueOrDefault(method)}; expected the same. "
                        + $"Run costate evaluate {first.Study} on the one that has less.");
            }
        }

        int count = Sharing.Shard.Parse(first.Shard).Count;
        string[] expected = [.. Enumerable.Range(1, count).Select(i => new Shard(i, count).ToString())];
        string[] missing = [.. expected.Except(parts.Select(p => p.Contents.Shard))];
        string[] strange = [.. parts.Select(p => p.Contents.Shard).Except(expected)];
        return missing.Length > 0 || strange.Length > 0
            ? throw new InvalidDataException(
                $"Got the shards {string.Join(", ", parts.Select(p => p.Contents.Shard))}; expected each of "
                    + $"{string.Join(", ", expected)}. Missing: {(missing.Length == 0 ? "none" : string.Join(", ", missing))}; "
                    + $"of another division: {(strange.Length == 0 ? "none" : string.Join(", ", strange))}.")
            : first with { Shard = Sharing.Shard.Whole.ToString() };
    }

    /// <summary>What differs, for a message; empty if nothing does.</summary>
    /// <param name="settings">Other settings.</param>
    /// <param name="there">What to call these.</param>
    /// <param name="now">What to call the others.</param>
    internal string Differences(IReadOnlyDictionary<string, Setting> settings, string there = "there", string now = "now") =>
        Setting.Differences(Settings, settings, there, now);
}
