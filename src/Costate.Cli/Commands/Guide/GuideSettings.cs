using Costate.Cli.Files;
using Costate.Faces.Guidance;
using Costate.Faces.Reports;

namespace Costate.Cli.Commands.Guide;

/// <summary>What the options of <c>costate guide</c> say, apart from the model.</summary>
internal sealed record GuideSettings
{
    /// <summary>Where pictures and tensors come from.</summary>
    internal required InputFiles Files { get; init; }

    internal required GuideTask Task { get; init; }

    internal required GuidePlan Plan { get; init; }

    internal required Degradation Degradation { get; init; }

    /// <summary>Whether the picture is degraded already.</summary>
    internal required bool IsObserved { get; init; }

    /// <summary>A TorchScript file.</summary>
    internal required string? Loss { get; init; }

    /// <summary>One of the names above, or a picture; null for the task's own.</summary>
    internal required string? Code { get; init; }

    internal required int Samples { get; init; }

    internal required ulong Seed { get; init; }

    internal required string? LookaheadText { get; init; }

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
            ("threads", TorchThreads.Count),
            .. Degradation.Describe(Task),
            .. more,
        ]);
}
