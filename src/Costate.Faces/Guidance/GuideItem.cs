using Costate.Faces.Recognition;
using static TorchSharp.torch;

namespace Costate.Faces.Guidance;

/// <summary>
/// How good a guided sample is. What cannot be said is null: of one that diverged, where there is nothing to compare with, and what is no
/// finite number.
/// </summary>
/// <param name="Loss">Mean squared error of what is seen, 1 - similarity, or the user's loss.</param>
/// <param name="Psnr">To the picture as it was, in dB.</param>
/// <param name="Ssim">To it, at most 1.</param>
/// <param name="IdentitySimilarity">Cosine similarity to it under the recogniser that losses may use.</param>
/// <param name="Diverged">At which step or in which iteration, and when.</param>
internal sealed record GuideItem(double? Loss, double? Psnr, double? Ssim, double? IdentitySimilarity, string? Diverged)
{
    /// <summary>Measures samples, item by item.</summary>
    internal static IReadOnlyList<GuideItem> Measure(GuideOutcome outcome, GuideTarget target, Recogniser? recogniser)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        double[] losses = Values(target.Loss(outcome.Samples));
        double[]? psnr = target.Truth is null ? null : ImageQuality.Psnr(outcome.Samples, target.Truth);
        double[]? ssim = target.Truth is null ? null : ImageQuality.Ssim(outcome.Samples, target.Truth);
        double[]? similarity = target.Truth is null || recogniser is null ? null
            : Values(nn.functional.cosine_similarity(recogniser.Embed(outcome.Samples), recogniser.Embed(target.Truth), 1, 1e-12));
        return
        [
            .. losses.Select((loss, i) => outcome.Diverged.TryGetValue(i, out string? where)
                ? new GuideItem(null, null, null, null, where)
                : new GuideItem(Finite(loss), Finite(psnr?[i]), Finite(ssim?[i]), Finite(similarity?[i]), null)),
        ];
    }

    /// <summary>What JSON has a number for, or null.</summary>
    internal static double? Finite(double? value) => value is double number && double.IsFinite(number) ? number : null;

    private static double[] Values(Tensor values) => [.. values.to(ScalarType.Float64).cpu().contiguous().data<double>()];
}
