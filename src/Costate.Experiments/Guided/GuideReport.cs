using Costate.Faces.Guidance;
using Costate.Faces.Reports;

namespace Costate.Experiments.Guided;

/// <summary>What <c>result.json</c> says of guided samples.</summary>
internal sealed record GuideReport
{
    internal const string ResultFile = "result.png";
    internal const string StripFile = "strip.png";
    internal const string LossFile = "loss.png";
    internal const string FileName = "result.json";

    internal static readonly string[] AllFiles = [ResultFile, StripFile, LossFile, FileName];

    public string Command => "guide";

    public string Version => ToolVersion.Version;

    public required string Task { get; init; }

    public required string Method { get; init; }

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>The samples, of which result.png shows the one with the lowest loss.</summary>
    public required IReadOnlyList<GuideItem> Samples { get; init; }

    /// <summary>Which one that is, from 0; null if all diverged.</summary>
    public required int? Best { get; init; }

    /// <summary>What the same sampler draws from the same noise without guidance.</summary>
    public required IReadOnlyList<GuideItem> Unguided { get; init; }

    /// <summary>
    /// Of each sample, the loss that was descended: of the prediction at each step, or at each iteration; null where it was not evaluated.
    /// </summary>
    public required IReadOnlyList<IReadOnlyList<double?>> Losses { get; init; }

    /// <summary>Of each sample, without the unguided ones.</summary>
    public required long NetworkEvaluations { get; init; }

    public required long VectorJacobianProducts { get; init; }

    public required long LossEvaluations { get; init; }

    /// <summary>Of the guidance, for all samples together.</summary>
    public required double Seconds { get; init; }

    public IReadOnlyList<string> Files => AllFiles;

    /// <summary>What it cost, in a line.</summary>
    internal string Summary() =>
        $"{NetworkEvaluations} network evaluations, {VectorJacobianProducts} vector-Jacobian products, {Seconds:0.0} s";
}
