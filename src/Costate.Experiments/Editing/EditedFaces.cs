using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Editing;

/// <summary>The faces of the evaluation of edits, and what shall change of each.</summary>
internal static class EditedFaces
{
    /// <summary>The first person: held out, and in no other evaluation.</summary>
    internal const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 480_000;

    /// <summary>Height and width of the pictures, in pixels.</summary>
    internal const int Side = AttributeJudges.Side;

    /// <summary>The edit of a number: a person of its own, and one of what can be changed of them.</summary>
    internal static FaceEdit Edit(int number) => FaceEdit.Of(FirstIdentity + (ulong)number, circumstance: 0, FaceEdit.Everything);

    /// <summary>The faces as they are, [edits, 3, 128, 128] in -1..1.</summary>
    internal static Tensor Pictures(IReadOnlyList<FaceEdit> edits, CancellationToken cancellationToken) =>
        Drawn(edits, changed: false, cancellationToken);

    /// <summary>The faces as they should be afterwards.</summary>
    internal static Tensor Truths(IReadOnlyList<FaceEdit> edits, CancellationToken cancellationToken) =>
        Drawn(edits, changed: true, cancellationToken);

    private static Tensor Drawn(IReadOnlyList<FaceEdit> edits, bool changed, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor bytes = DrawnFaces.Batch(edits.Count, i => edits[i].Draw(changed, Side), Side, cancellationToken);
        return EvaluationFaces.OfBytes(bytes).MoveToOuterDisposeScope();
    }
}
