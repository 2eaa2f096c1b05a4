using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Generation;

/// <summary>A picture of a prompt as it is kept: what the prompt mentions, and what judges see.</summary>
internal sealed record GeneratedPicture : IEvaluated
{
    /// <summary>The real drawing of the person whom the prompt describes.</summary>
    internal const string Drawing = "drawing";

    /// <summary>A drawing of somebody else, to whose like distances are measured.</summary>
    internal const string Other = "other drawing";

    public required int Prompt { get; init; }

    /// <summary>Who is described.</summary>
    public required ulong Identity { get; init; }

    public required string Text { get; init; }

    /// <summary><see cref="Drawing"/>, <see cref="Other"/>, or the scale: <see cref="KeyOf"/>.</summary>
    public required string Method { get; init; }

    /// <summary>Of classifier-free guidance; null for drawings.</summary>
    public required double? GuidanceScale { get; init; }

    /// <summary>What the prompt says, by the name of the attribute.</summary>
    public required IReadOnlyDictionary<string, string> Mentioned { get; init; }

    /// <summary>What judges see, of each attribute.</summary>
    public required IReadOnlyDictionary<string, string> Seen { get; init; }

    /// <summary>Of sampling and decoding, divided by the pictures computed together.</summary>
    public required double Seconds { get; init; }

    int IEvaluated.Item => Prompt;

    internal static string KeyOf(double scale) => FormattableString.Invariant($"scale {scale}");
}
