using Costate.Experiments.Evaluation;
using Costate.Experiments.Guidance;
using Costate.Faces.Reports;

namespace Costate.Experiments.Reconstruction;

/// <summary>What <c>autoencoder.json</c> says.</summary>
internal sealed record ReconstructionReport : IEvaluationReport
{
    public string Command => "evaluate autoencoder";

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required string Shard { get; init; }

    public required int Faces { get; init; }

    public ulong FirstIdentity => ReconstructionRun.FirstIdentity;

    /// <summary>In the order of <see cref="ReconstructedFace.Sources"/>.</summary>
    public required IReadOnlyList<ReconstructedFaces> Results { get; init; }

    public IReadOnlyList<string> Files => ReconstructionFiles.All;

    IEnumerable<(string? Sentence, ResultTable Table)> IEvaluationReport.Tables() => [(null, ReconstructionTable.Of(Results))];

    /// <summary>Sums up faces.</summary>
    internal static ReconstructionReport Of(EvaluationContents contents, IReadOnlyList<ReconstructedFace> faces) => new()
    {
        Settings = contents.Settings,
        Shard = contents.Shard,
        Faces = faces.Select(face => face.Face).Distinct().Count(),
        Results =
        [
            .. from source in faces.GroupBy(face => face.Method)
               orderby Array.IndexOf(ReconstructedFace.Sources, source.Key)
               select new ReconstructedFaces(
                   source.Key,
                   MeanInterval.Of(source.Select(face => face.Psnr))!,
                   MeanInterval.Of(source.Select(face => face.Ssim))!,
                   [
                       .. source.First().Accepted.Keys.Select(
                           judge => new Acceptance(judge, MatchRate.Of(source.Select(face => face.Accepted[judge])))),
                   ]),
        ],
    };
}
