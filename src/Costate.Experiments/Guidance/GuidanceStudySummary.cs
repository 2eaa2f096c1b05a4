using Costate.Faces.Guidance;

namespace Costate.Experiments.Guidance;

/// <summary>How good a method is at a task within a number of network evaluations, over the faces that did not diverge.</summary>
internal sealed record GuidanceStudySummary
{
    public required string Task { get; init; }

    public required string Method { get; init; }

    public required string Label { get; init; }

    /// <summary>Network evaluations at most.</summary>
    public required long Budget { get; init; }

    public required int Faces { get; init; }

    public required int Diverged { get; init; }

    public required int Steps { get; init; }

    public required int Iterations { get; init; }

    public required MeanInterval? Loss { get; init; }

    public required MeanInterval? Psnr { get; init; }

    public required MeanInterval? Ssim { get; init; }

    /// <summary>Under the recogniser that losses use.</summary>
    public required MeanInterval? Similarity { get; init; }

    /// <summary>Under those that no loss has seen.</summary>
    public required MeanInterval? JudgedSimilarity { get; init; }

    /// <summary>The loss less that of greedy guidance on the same face within the same number of evaluations: below 0 is better.</summary>
    public required MeanInterval? LossToGreedy { get; init; }

    /// <summary>The same of the PSNR: above 0 is better.</summary>
    public required MeanInterval? PsnrToGreedy { get; init; }

    /// <summary>The loss less that without guidance.</summary>
    public required MeanInterval? LossToUnguided { get; init; }

    /// <summary>Made, on average.</summary>
    public required double NetworkEvaluations { get; init; }

    public required double VectorJacobianProducts { get; init; }

    /// <summary>For a face.</summary>
    public required double Seconds { get; init; }

    /// <summary>Sums up results of one kind.</summary>
    /// <param name="results">Of one task, method and number of evaluations.</param>
    /// <param name="others">All of that task and number.</param>
    internal static GuidanceStudySummary Of(IReadOnlyList<GuidanceStudyResult> results, IReadOnlyList<GuidanceStudyResult> others)
    {
        GuidanceStudyResult first = results[0];
        return new GuidanceStudySummary
        {
            Task = first.Task,
            Method = first.Name,
            Label = StudiedMethod.Parse(first.Name).Label,
            Budget = first.Budget,
            Faces = results.Count,
            Diverged = results.Count(r => r.Quality.Diverged is not null),
            Steps = first.Steps,
            Iterations = first.Iterations,
            Loss = MeanInterval.Of(results.Select(r => r.Quality.Loss)),
            Psnr = MeanInterval.Of(results.Select(r => r.Quality.Psnr)),
            Ssim = MeanInterval.Of(results.Select(r => r.Quality.Ssim)),
            Similarity = MeanInterval.Of(results.Select(r => r.Quality.IdentitySimilarity)),
            JudgedSimilarity = MeanInterval.Of(results.Select(r => r.JudgedSimilarity)),
            LossToGreedy = Paired(results, others, GuideMethod.Greedy.Name, r => r.Quality.Loss),
            PsnrToGreedy = Paired(results, others, GuideMethod.Greedy.Name, r => r.Quality.Psnr),
            LossToUnguided = Paired(results, others, GuideMethod.Unguided.Name, r => r.Quality.Loss),
            NetworkEvaluations = results.Average(r => (double)r.NetworkEvaluations),
            VectorJacobianProducts = results.Average(r => (double)r.VectorJacobianProducts),
            Seconds = Math.Round(results.Average(r => r.Seconds), 3),
        };
    }

    // Face by face, which leaves out how hard a face is.
    private static MeanInterval? Paired(
        IReadOnlyList<GuidanceStudyResult> results,
        IReadOnlyList<GuidanceStudyResult> others,
        string with,
        Func<GuidanceStudyResult, double?> value)
    {
        var known = others.Where(r => r.Name == with).ToDictionary(r => r.Face, value);
        return MeanInterval.Of(results.Select(r => value(r) - known.GetValueOrDefault(r.Face)));
    }
}
