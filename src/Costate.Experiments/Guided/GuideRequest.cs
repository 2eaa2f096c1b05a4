using Costate.Faces.Guidance;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Experiments.Guided;

/// <summary>What samples are guided to, and how; all but the model and the picture.</summary>
internal sealed record GuideRequest
{
    /// <summary>The bytes of a picture by its name.</summary>
    internal required Func<string, byte[]> ReadPicture { get; init; }

    internal required GuideTask Task { get; init; }

    internal required GuidePlan Plan { get; init; }

    internal required Degradation Degradation { get; init; }

    /// <summary>Whether the picture is degraded already.</summary>
    internal required bool IsObserved { get; init; }

    /// <summary>What a loss of the user's is called; null for that of the task.</summary>
    internal required string? Loss { get; init; }

    /// <summary>A name of <see cref="GuideCode"/>, or of a picture; null for the task's own.</summary>
    internal required string? Code { get; init; }

    internal required int Samples { get; init; }

    internal required ulong Seed { get; init; }

    /// <summary>The lookahead as results name it.</summary>
    internal required string? LookaheadText { get; init; }

    /// <summary>By name: what a model of the user's was told.</summary>
    internal IReadOnlyList<(string Name, Setting? Value)> Told { get; init; } = [];

    /// <summary>The seeds of the samples.</summary>
    internal IReadOnlyList<ulong> Seeds => [.. Enumerable.Range(0, Samples).Select(i => Seed + (ulong)i)];

    /// <summary>By name.</summary>
    internal SortedDictionary<string, Setting> Describe(IEnumerable<(string Name, Setting? Value)> more) => Setting.Named(
        [
            ("steps", Plan.Steps),
            ("strength", Plan.Strength),
            ("iterations", Plan.Method.Iterations == 0 ? null : Plan.Iterations),
            ("lookahead", LookaheadText),
            ("eta", Plan.Method.Kind == GuideKind.Sampled ? Plan.Options().Eta : null),
            ("clip", Plan.Clip),
            ("optimise", Plan.Method.Kind == GuideKind.EndToEnd ? Plan.Targets.ToString() : null),
            ("observed", IsObserved ? true : null),
            ("loss", Loss),
            ("threads", get_num_threads()),
            .. Degradation.Describe(Task),
            .. Told,
            .. more,
        ]);
}
