using Costate.Experiments.Plots;
using Costate.Faces.Morphs;
using static TorchSharp.torch;

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
                    ? BlendOf(frame.Sample, outcome.Blend)
                    : new CaptionedPicture(frame.Sample, $"iteration {frame.Iteration}", $"loss {frame.Loss:0.00}")),
            .. outcome.Losses.Count == 1
                ? []
                : (CaptionedPicture[])[MorphOf(outcome.Morph, outcome.Losses, outcome.BestIteration, outcome.Accepted)],
            new(outcome.B, "B"),
        ];
        return CaptionedSheet.Png(pictures, pictures.Length);
    }

    /// <summary>The blend with its caption.</summary>
    internal static CaptionedPicture BlendOf(Tensor picture, MorphBlend blend) =>
        new(picture, "blend", $"loss {blend.Loss:0.00}, {Word(blend.Accepted)}");

    /// <summary>The morph with its caption.</summary>
    internal static CaptionedPicture MorphOf(Tensor picture, IReadOnlyList<double> losses, int best, bool accepted) =>
        new(picture, $"best, iteration {best}", $"loss {losses[best]:0.00}, {Word(accepted)}");

    /// <summary>What the judges say.</summary>
    internal static string Verdict(bool accepted) => accepted ? "accepted by all judges" : "not accepted by all judges";

    private static string Word(bool accepted) => accepted ? "accepted" : "refused";
}
