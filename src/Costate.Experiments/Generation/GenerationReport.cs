using Costate.Experiments.Evaluation;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Generation;

/// <summary>What <c>generation.json</c> says.</summary>
internal sealed record GenerationReport : IEvaluationReport
{
    private const int Together = 64;

    public string Command => "evaluate generation";

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required string Shard { get; init; }

    public required ulong FirstIdentity { get; init; }

    /// <summary>Real drawings first, then by the scale.</summary>
    public required IReadOnlyList<GenerationResult> Results { get; init; }

    public IReadOnlyList<string> Files => GenerationFiles.All;

    IEnumerable<(string? Sentence, ResultTable Table)> IEvaluationReport.Tables() => [(null, GenerationTable.Of(Results))];

    /// <summary>Sums up pictures.</summary>
    /// <param name="folder">Where they are.</param>
    /// <param name="contents">What the folder is for.</param>
    /// <param name="pictures">What is known of each.</param>
    /// <param name="recogniser">One that has seen no picture of the model, and that no loss has seen: its features count.</param>
    internal static GenerationReport Of(
        GenerationFolder folder, EvaluationContents contents, IReadOnlyList<GeneratedPicture> pictures, FaceRecogniser recogniser)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor? others = Features(GeneratedPicture.Other);
        return new GenerationReport
        {
            Settings = contents.Settings,
            Shard = contents.Shard,
            FirstIdentity = GenerationRun.FirstIdentity,
            Results =
            [
                .. from source in pictures.GroupBy(p => p.Method)
                   where source.Key != GeneratedPicture.Other
                   orderby source.First().GuidanceScale ?? double.MinValue
                   select GenerationResult.Of(
                       [.. source],
                       others is not null && Features(source.Key) is Tensor features ? FeatureDistances.Of(features, others) : null),
            ],
        };

        // Of the pictures as they are kept. A distance needs two of each.
        Tensor? Features(string method)
        {
            Tensor[] parts =
            [
                .. pictures.Where(p => p.Method == method)
                    .Chunk(Together)
                    .Select(some => GenerationExamples.Embedded(folder, some, recogniser)),
            ];
            return parts.Sum(part => part.shape[0]) < 2 ? null : cat(parts, 0);
        }
    }
}
