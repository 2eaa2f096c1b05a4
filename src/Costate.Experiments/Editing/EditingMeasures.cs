using Costate.Faces.Models;
using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Editing;

/// <summary>Looks at edited faces: what changed, what stayed, and how far they are from the truth.</summary>
/// <param name="embedded">Judges of attributes and of identity; no loss has seen them.</param>
/// <param name="likeness">The CLIP pair.</param>
internal sealed class EditingMeasures(EmbeddedModel embedded, TextLikeness likeness)
{
    // Of a pixel in -1..1: one level of 255 is no change.
    private const double Unchanged = 1.5 / 127.5;

    /// <summary>What judges see in pictures.</summary>
    internal IReadOnlyList<IReadOnlyDictionary<string, string>> Seen(Tensor pictures) => embedded.Attributes.Of(pictures);

    /// <summary>The cosine of each picture and its text.</summary>
    internal double[] ClipScores(Tensor pictures, IReadOnlyList<string> texts) => Numbers(likeness.Score(pictures, texts));

    /// <summary>The similarity of each picture to its original, on average over recognisers.</summary>
    internal double[] Similarities(Tensor pictures, Tensor originals)
    {
        using DisposeScope scope = NewDisposeScope();

        // They take faces of half the side.
        (Tensor small, Tensor before) = (nn.functional.avg_pool2d(pictures, 2), nn.functional.avg_pool2d(originals, 2));
        Tensor[] all = [.. embedded.Judges.Select(judge => (judge.Network.Embed(small) * judge.Network.Embed(before)).sum([1L]))];
        return Numbers(stack(all, 0).mean([0L]));
    }

    /// <summary>The mean of squares of what each picture differs by from the truth, where the truth is as the face was.</summary>
    internal static double[] OutsideErrors(Tensor pictures, Tensor faces, Tensor truths)
    {
        using DisposeScope scope = NewDisposeScope();
        using Scalar unchanged = Unchanged;
        Tensor outside = (truths - faces).abs().amax([1L], keepdim: true).le(unchanged).to(ScalarType.Float32);
        Tensor errors = ((pictures - truths).square() * outside).mean([1L, 2L, 3L]);
        return Numbers(errors / outside.mean([1L, 2L, 3L]).clamp(min: 1e-6));
    }

    /// <summary>The mean of squares of each item's differences.</summary>
    internal static double[] Errors(Tensor got, Tensor expected)
    {
        using DisposeScope scope = NewDisposeScope();
        return Numbers((got - expected).cpu().to(ScalarType.Float64).square().flatten(1).mean([1L]));
    }

    private static double[] Numbers(Tensor values)
    {
        using DisposeScope scope = NewDisposeScope();
        return values.to(ScalarType.Float64).data<double>().ToArray();
    }
}
