using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Editing;

/// <summary>What a method has made of a face, as it is kept in a file. Errors are means of squares of pixels in -1..1.</summary>
internal sealed record EditingResult : IEvaluated
{
    public required int Face { get; init; }

    public required ulong Identity { get; init; }

    /// <summary>The method and its steps: <see cref="KeyOf"/>.</summary>
    public required string Method { get; init; }

    /// <summary>The method's name.</summary>
    public required string Name { get; init; }

    public required int Steps { get; init; }

    public required string Attribute { get; init; }

    public required string From { get; init; }

    public required string To { get; init; }

    /// <summary>Of the latents after inversion and decoding under the same text, of their 32 bits.</summary>
    public required double LatentError { get; init; }

    /// <summary>Of the picture that they are decoded to, to the picture as the codec gives it.</summary>
    public required double PictureError { get; init; }

    /// <summary>What judges see of the attribute that should have changed.</summary>
    public required string Seen { get; init; }

    /// <summary>How many of the other attributes are seen as before.</summary>
    public required int Kept { get; init; }

    /// <summary>How many others there are.</summary>
    public required int Others { get; init; }

    /// <summary>To the drawn truth, where that is as before.</summary>
    public required double OutsideError { get; init; }

    /// <summary>The same of the picture as the codec gives it, unedited: no edit is nearer.</summary>
    public required double CodecError { get; init; }

    /// <summary>Similarity to the picture as the codec gives it, on average over recognisers.</summary>
    public required double IdentitySimilarity { get; init; }

    /// <summary>Cosine of the picture and the new text.</summary>
    public required double ClipScore { get; init; }

    /// <summary>Of inversion and of decoding under the new text.</summary>
    public required long NetworkEvaluations { get; init; }

    /// <summary>The same, divided by the faces computed together.</summary>
    public required double Seconds { get; init; }

    int IEvaluated.Item => Face;

    internal bool Changed => Seen == To;

    internal static string KeyOf(EditingMethod method, int steps) => FormattableString.Invariant($"{method.Id} {steps}");
}
