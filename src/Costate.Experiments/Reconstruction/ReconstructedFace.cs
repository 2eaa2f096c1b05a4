using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Reconstruction;

/// <summary>A face as it came back, as it is kept.</summary>
internal sealed record ReconstructedFace : IEvaluated
{
    /// <summary>What a face comes back from, in the order of the table.</summary>
    internal static readonly string[] Sources = ["the picture itself", "its own noise", "other noise"];

    public required int Face { get; init; }

    /// <summary>Whose it is.</summary>
    public required ulong Identity { get; init; }

    /// <summary>One of <see cref="Sources"/>.</summary>
    public required string Method { get; init; }

    /// <summary>To the picture, in dB.</summary>
    public required double Psnr { get; init; }

    /// <summary>To it.</summary>
    public required double Ssim { get; init; }

    /// <summary>Whether judges take it for the person of another picture, by their names.</summary>
    public required IReadOnlyDictionary<string, bool> Accepted { get; init; }

    int IEvaluated.Item => Face;
}
