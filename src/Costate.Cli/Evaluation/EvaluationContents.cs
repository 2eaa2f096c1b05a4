namespace Costate.Cli.Evaluation;

/// <summary>What <c>evaluation.json</c> says a folder of results is for.</summary>
internal sealed record EvaluationContents
{
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Which pairs are here, as <c>--shard</c> names them.</summary>
    public required string Shard { get; init; }

    /// <summary>The methods that were asked for, and for how many pairs in all shards together.</summary>
    public required IReadOnlyDictionary<string, int> Methods { get; init; }

    /// <summary>The pairs of a method that belong here.</summary>
    internal IEnumerable<int> PairsOf(string method)
    {
        Shard shard = Evaluation.Shard.Parse(Shard);
        return Enumerable.Range(0, Methods[method]).Where(shard.Has);
    }

    /// <summary>With the methods and pairs of another too.</summary>
    internal EvaluationContents With(EvaluationContents other) => this with
    {
        Methods = Methods.Keys.Union(other.Methods.Keys).Order(StringComparer.Ordinal)
            .ToDictionary(m => m, m => Math.Max(Methods.GetValueOrDefault(m), other.Methods.GetValueOrDefault(m))),
    };

    /// <summary>What differs, for a message; empty if nothing does.</summary>
    /// <param name="settings">Other settings.</param>
    /// <param name="there">What to call these.</param>
    /// <param name="now">What to call the others.</param>
    internal string Differences(IReadOnlyDictionary<string, string> settings, string there = "there", string now = "now") => string.Join(", ", Settings.Keys.Union(settings.Keys).Order(StringComparer.Ordinal)
        .Where(key => Settings.GetValueOrDefault(key) != settings.GetValueOrDefault(key))
        .Select(key => $"{key} ({there} {Settings.GetValueOrDefault(key) ?? "none"}, {now} {settings.GetValueOrDefault(key) ?? "none"})"));
}
