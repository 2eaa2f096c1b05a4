using System.Text.Json;
using System.Text.Json.Serialization;
using Costate.Experiments.Evaluation;
using Costate.Faces.Morphs;

namespace Costate.Experiments.Pairs;

/// <summary>What has become of two drawn people, as it is kept: of their blend and the first iterations, or of all iterations.</summary>
internal sealed record SearchedPair : IEvaluated, IJsonOnDeserialized
{
    /// <summary>The way of the first iterations, which all pairs go.</summary>
    internal const string Beginning = "beginning";

    /// <summary>The way to the end, which the most promising go.</summary>
    internal const string Morph = "morph";

    /// <summary>The loss must fall in so many iterations from the start.</summary>
    internal const int Falling = 2;

    public required int Pair { get; init; }

    /// <summary>Identity of the first.</summary>
    public required ulong A { get; init; }

    /// <summary>Identity of the second.</summary>
    public required ulong B { get; init; }

    /// <summary><see cref="Beginning"/> or <see cref="Morph"/>.</summary>
    public required string Method { get; init; }

    public required MorphBlend Blend { get; init; }

    /// <summary>What recognisers think of the best of the iterations.</summary>
    public required IReadOnlyList<MorphSimilarity> Recognisers { get; init; }

    public required IReadOnlyList<double> Losses { get; init; }

    public required int BestIteration { get; init; }

    /// <summary>For each feature a number, positive where a morph seems to have it; null of a beginning.</summary>
    public IReadOnlyDictionary<string, double>? Features { get; init; }

    /// <summary>How often features are seen rightly on drawn faces; null of a beginning.</summary>
    public IReadOnlyDictionary<string, double>? FeatureAccuracy { get; init; }

    int IEvaluated.Item => Pair;

    /// <summary>Whether no judge takes the blend for both.</summary>
    internal bool IsRefused => Blend.Recognisers.All(r => !r.Judges || !r.Accepted);

    /// <summary>Whether the loss falls from the start.</summary>
    internal bool Falls => FallsFromTheStart(Losses);

    /// <summary>What there is to say of it as an example.</summary>
    internal PairFinding Finding => new()
    {
        A = A,
        B = B,
        Blend = Blend,
        Recognisers = Recognisers,
        Losses = Losses,
        Features = Features!,
        Faults = [.. Faults(Recognisers, Losses, Features!)],
    };

    /// <summary>Why a pair, whose blend no judge takes for both, shows nothing.</summary>
    internal static IEnumerable<string> Faults(
        IReadOnlyList<MorphSimilarity> recognisers,
        IReadOnlyList<double> losses,
        IReadOnlyDictionary<string, double> worn)
    {
        if (recognisers.Any(r => !r.Accepted))
        {
            yield return "refused";
        }

        if (!FallsFromTheStart(losses))
        {
            yield return "rises";
        }

        foreach ((string name, _) in worn.Where(w => w.Value > 0))
        {
            yield return name;
        }
    }

    void IJsonOnDeserialized.OnDeserialized()
    {
        // What a reader of JSON lets through; what is required may be missing still.
        if (Losses is not { Count: > 0 } || BestIteration < 0 || BestIteration >= Losses.Count || Blend is not { Recognisers.Count: > 0 })
        {
            throw new JsonException($"Pair {Pair} has no losses, or none of its best iteration, or nothing that recognisers say.");
        }

        if (Method != Beginning && (Method != Morph || Features is null || FeatureAccuracy is null))
        {
            throw new JsonException($"Pair {Pair} is neither a {Beginning} nor a {Morph} with features.");
        }
    }

    private static bool FallsFromTheStart(IReadOnlyList<double> losses) =>
        losses.Zip(losses.Skip(1)).Take(Falling).All(l => l.Second < l.First);
}
