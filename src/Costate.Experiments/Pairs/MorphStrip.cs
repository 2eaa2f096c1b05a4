using Costate.Experiments.Plots;
using Costate.Faces.Morphs;

namespace Costate.Experiments.Pairs;

/// <summary>The way from the blend to the morph as a picture, between the two faces.</summary>
internal static class MorphStrip
{
    /// <summary>The file of the strip: A, the blend, the morph at some iterations, the best, B.</summary>
    internal static byte[] Png(MorphOutcome outcome)
    {
        CaptionedPicture[] pictures =
        [
            new(outcome.A, "A"),
            .. outcome.Frames.Select(frame =>
                frame.Iteration == 0
                    ? BlendOf(outcome)
                    : new CaptionedPicture(frame.Sample, $"iteration {frame.Iteration}", $"loss {frame.Loss:0.00}")),
            .. outcome.Losses.Count == 1 ? [] : (CaptionedPicture[])[MorphOf(outcome)],
            new(outcome.B, "B"),
        ];
        return CaptionedSheet.Png(pictures, pictures.Length);
    }

    /// <summary>The blend with its caption.</summary>
    internal static CaptionedPicture BlendOf(MorphOutcome outcome) =>
        new(outcome.Frames[0].Sample, "blend", $"loss {outcome.Blend.Loss:0.00}, {Word(outcome.Blend.Accepted)}");

    /// <summary>The morph with its caption.</summary>
    internal static CaptionedPicture MorphOf(MorphOutcome outcome) =>
        new(
            outcome.Morph,
            $"best, iteration {outcome.BestIteration}",
            $"loss {outcome.Losses[outcome.BestIteration]:0.00}, {Word(outcome.Accepted)}");

    /// <summary>What the judges say.</summary>
    internal static string Verdict(bool accepted) => accepted ? "accepted by all judges" : "not accepted by all judges";

    private static string Word(bool accepted) => accepted ? "accepted" : "refused";
}
