using System.Text.Json;
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

        using OutputFolder output = OutputFolder.Prepare(folder, File);
        System.IO.File.WriteAllText(output.Stage(File), JsonReport.Text(contents) + '\n');
        output.Commit();
        return contents;
    }

    /// <summary>The items of a method that belong here.</summary>
    internal IEnumerable<int> ItemsOf(string method)
    {
        Shard shard = Evaluation.Shard.Parse(Shard);
        return Enumerable.Range(0, Methods[method]).Where(shard.Has);
    }

    /// <summary>With the methods and items of another too.</summary>
    internal EvaluationContents With(EvaluationContents other) => this with
    {
        Methods = Methods.Keys.Union(other.Methods.Keys).Order(StringComparer.Ordinal)
            .ToDictionary(m => m, m => Math.Max(Methods.GetValueOrDefault(m), other.Methods.GetValueOrDefault(m))),
    };

    /// <summary>What differs, for a message; empty if nothing does.</summary>
    /// <param name="settings">Other settings.</param>
    /// <param name="there">What to call these.</param>
    /// <param name="now">What to call the others.</param>
    internal string Differences(IReadOnlyDictionary<string, Setting> settings, string there = "there", string now = "now") =>
        Setting.Differences(Settings, settings, there, now);
}
