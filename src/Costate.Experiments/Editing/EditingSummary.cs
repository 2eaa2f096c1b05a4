using Costate.Experiments.Evaluation;
using Costate.Experiments.Guidance;

namespace Costate.Experiments.Editing;

/// <summary>How a method edits at a number of steps, over all faces.</summary>
internal sealed record EditingSummary
{
    public required string Method { get; init; }

    public required string Label { get; init; }

    public required int Steps { get; init; }

    public required int Faces { get; init; }

    /// <summary>Mean squared error of latents after inversion and decoding under the same text.</summary>
    public required MeanInterval LatentError { get; init; }

    /// <summary>How many latents came back to the last bit.</summary>
    public required MatchRate Exact { get; init; }

    /// <summary>The same error of the decoded pictures.</summary>
    public required MeanInterval PictureError { get; init; }

    /// <summary>Of how many faces the judges see the attribute as it was asked for.</summary>
    public required MatchRate Changed { get; init; }

    /// <summary>How many of the other attributes are seen as before.</summary>
    public required MatchRate Kept { get; init; }

    /// <summary>Root of the mean squared distance to the drawn truth where that is as before, pixels in -1..1.</summary>
    public required MeanInterval Outside { get; init; }

    /// <summary>The same of the unedited picture as the codec gives it.</summary>
    public required MeanInterval Codec { get; init; }

    /// <summary><see cref="Outside"/> less that of DDIM with as many evaluations as Rex(Euler), face by face: below 0 is better.</summary>
    public required MeanInterval? OutsideToDdim { get; init; }

    public required MeanInterval Identity { get; init; }

    public required MeanInterval ClipScore { get; init; }

    /// <summary>Of inversion and decoding, for a batch.</summary>
    public required double NetworkEvaluations { get; init; }

    /// <summary>For a face.</summary>
    public required double Seconds { get; init; }

    /// <summary>LPIPS and CLIP score at 50 steps on the pictures of pix2pix, as published.</summary>
    public required (double Lpips, double Clip)? Published { get; init; }

    /// <summary>Sums up results.</summary>
    /// <param name="results">Of one method and number of steps.</param>
    /// <param name="all">Of all methods.</param>
    internal static EditingSummary Of(IReadOnlyList<EditingResult> results, IReadOnlyList<EditingResult> all)
    {
        EditingResult first = results[0];
        EditingMethod method = EditingMethod.Parse(first.Name)[0];
        var reference = all.Where(r => r.Name == EditingMethod.Reference.Id && r.Steps == first.Steps)
            .ToDictionary(r => r.Face, r => (double?)Math.Sqrt(r.OutsideError));
        return new EditingSummary
        {
            Method = method.Id,
            Label = method.Label,
            Steps = first.Steps,
            Faces = results.Count,
            LatentError = Mean(r => r.LatentError),
            Exact = MatchRate.Of(results.Select(r => r.LatentError == 0)),
            PictureError = Mean(r => r.PictureError),
            Changed = MatchRate.Of(results.Select(r => r.Changed)),
            Kept = new MatchRate(results.Sum(r => r.Kept), results.Sum(r => r.Others)),
            Outside = Mean(r => Math.Sqrt(r.OutsideError)),
            Codec = Mean(r => Math.Sqrt(r.CodecError)),
            OutsideToDdim = method == EditingMethod.Reference
                ? null
                : MeanInterval.Of(results.Select(r => Math.Sqrt(r.OutsideError) - reference.GetValueOrDefault(r.Face))),
            Identity = Mean(r => r.IdentitySimilarity),
            ClipScore = Mean(r => r.ClipScore),
            NetworkEvaluations = results.Average(r => (double)r.NetworkEvaluations),
            Seconds = Math.Round(results.Average(r => r.Seconds), 3),
            Published = method.Published,
        };

        MeanInterval Mean(Func<EditingResult, double> value) => MeanInterval.Of(results.Select(value))!;
    }
}
