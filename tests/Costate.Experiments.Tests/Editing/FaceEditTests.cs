using Costate.Experiments.Editing;
using Costate.Faces.Captions;
using Costate.Faces.Models;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Editing;

public sealed class FaceEditTests
{
    private const int Edits = 60;

    private static readonly FaceEdit[] All = [.. Enumerable.Range(0, Edits).Select(FaceEdit.Of)];

    [Fact]
    public void Sentences_DifferInTheAttributeAlone()
    {
        Assert.Equal(FaceAttribute.All.Count(a => a.Change is not null), All.Select(e => e.Attribute).Distinct().Count());
        foreach (FaceEdit edit in All)
        {
            Assert.NotEqual(edit.From, edit.To);
            Assert.NotEqual(edit.Source, edit.Target);
            string[] before = edit.Source.Split(' '), after = edit.Target.Split(' ');

            // "no glasses" and "a pair of glasses", "a shaved chin" and "a full beard": the rest is the same. Of things, "with" and
            // "and" may move.
            Assert.InRange(before.Except(after).Count() + after.Except(before).Count(), 0, 7);
        }
    }

    [Fact]
    public void Truths_AreSeenToHaveChanged_AndInThatAlone()
    {
        using var scope = NewDisposeScope();
        using var embedded = new EmbeddedModel();
        IReadOnlyList<IReadOnlyDictionary<string, string>> before = embedded.Attributes.Of(FaceEdit.Pictures(All, default));
        IReadOnlyList<IReadOnlyDictionary<string, string>> after = embedded.Attributes.Of(FaceEdit.Truths(All, default));
        string[] names = [.. FaceAttribute.All.Select(a => a.Name)];
        int changed = All.Index().Count(e => after[e.Index][e.Item.Attribute.Name] == e.Item.To);
        int known = All.Index().Count(e => before[e.Index][e.Item.Attribute.Name] == e.Item.From);
        int kept = All.Index().Sum(e => names.Count(n => n != e.Item.Attribute.Name && after[e.Index][n] == before[e.Index][n]));

        // Judges are right on 97 to 100 %.
        Assert.InRange(changed, 0.9 * Edits, Edits);
        Assert.InRange(known, 0.9 * Edits, Edits);
        Assert.InRange(kept, 0.95 * Edits * (names.Length - 1), Edits * (names.Length - 1));
    }

    [Fact]
    public void OutsideError_IsThatOfWhatIsAsBefore()
    {
        using var scope = NewDisposeScope();
        FaceEdit[] some = All[..4];
        (Tensor faces, Tensor truths) = (FaceEdit.Pictures(some, default), FaceEdit.Truths(some, default));
        Assert.All(EditingMeasures.OutsideErrors(truths, faces, truths), error => Assert.Equal(0, error));
        Assert.All(EditingMeasures.OutsideErrors(faces, faces, truths), error => Assert.InRange(error, 0, 1e-4));

        // Where the truth differs from the face, nothing counts; elsewhere all does.
        Tensor inside = (truths - faces).abs().amax([1L], keepdim: true).gt(0.05).to(ScalarType.Float32);
        Assert.InRange(inside.mean().item<float>(), 1e-3, 0.9);
        Assert.All(EditingMeasures.OutsideErrors(truths + inside, faces, truths), error => Assert.Equal(0, error));
        Assert.All(EditingMeasures.OutsideErrors(truths + 0.1, faces, truths), error => Assert.Equal(0.01, error, 1e-5));
    }
}
