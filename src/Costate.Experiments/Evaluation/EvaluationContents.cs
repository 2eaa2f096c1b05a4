using System.Text.Json;
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
