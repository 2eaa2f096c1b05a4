using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Recognition;

/// <summary>What all recognisers see of one person, as it is kept.</summary>
internal sealed record EmbeddedPerson : IEvaluated
{
    /// <summary>There is one way to embed a face.</summary>
    internal const string Embedded = "embeddings";

    public required int Person { get; init; }

    /// <summary>Who it is.</summary>
    public required ulong Identity { get; init; }

    /// <summary>By the names of recognisers, one picture after the other: numbers of 32 bits, the lowest byte first.</summary>
    public required IReadOnlyDictionary<string, byte[]> Embeddings { get; init; }

    int IEvaluated.Item => Person;

    string IEvaluated.Method => Embedded;
}
