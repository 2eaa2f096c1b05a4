using System.Security.Cryptography;
using System.Text;
using Costate.Experiments.Editing;
using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Editing;

public sealed class EditedFacesTests
{
    private const int Edits = 60;

    private static readonly FaceEdit[] All = [.. Enumerable.Range(0, Edits).Select(EditedFaces.Edit)];

    // What was measured once is compared with what is measured next: the evaluation must stay of the same people, changes and words.
    [Fact]
    public void Edits_StayWhatTheyWere()
    {
        Assert.Equal(1_480_002ul, All[2].Identity);
        Assert.Equal((FaceAttribute.Smile, "smiling", "serious"), (All[2].Attribute, All[2].From, All[2].To));
        Assert.Equal("a portrait of a smiling light-skinned face with a pair of glasses and a red bob", All[2].Captions().Source);
        Assert.Equal("a portrait of a serious light-skinned face with a pair of glasses and a red bob", All[2].Captions().Target);

        string all = string.Concat(Enumerable.Range(0, 200).Select(EditedFaces.Edit).Select(e =>
            $"{e.Identity} {e.Attribute.Name} {e.From} {e.To}\n{e.Captions().Source}\n{e.Captions().Target}\n"));
        Assert.Equal(
            "9c2b588bbdf0d4a34d972567eea0b5c4305a9c91a97ee7aac519c1eadfa87ffd",
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all))));
    }

    // Pixels are the same bits on one machine alone, so that they are compared with what else draws these people.
    [Fact]
    public void Pictures_AreTheFirstOfTheirPeople_AndTruthsAreTheyWithAnotherValue()
    {
        using var scope = NewDisposeScope();
        FaceEdit[] some = All[..12];
        Tensor faces = EvaluationFaces.Stack([.. some.Select(e => (e.Identity, 0ul))], EditedFaces.Side, CPU, default);
        Assert.True(EditedFaces.Pictures(some, default).equal(faces).all().item<bool>());
        Tensor truths = EditedFaces.Truths(some, default);
        foreach ((int i, FaceEdit edit) in some.Index())
        {
            (FaceIdentity person, FaceCircumstance moment) = edit.Attribute.Change!(
                FaceIdentity.FromSeed(edit.Identity), DrawnFaces.Moment(edit.Identity, 0), edit.To);
            Tensor bytes = DrawnFaces.Batch(
                1, _ => DrawnFaces.Draw(person, moment, new SeededTraits(edit.Identity, 0), EditedFaces.Side), EditedFaces.Side, default);
            Assert.True(EvaluationFaces.OfBytes(bytes)[0].equal(truths[i]).all().item<bool>());
            Assert.False(faces[i].equal(truths[i]).all().item<bool>());
        }
    }

    [Fact]
    public void Sentences_DifferInTheAttributeAlone()
    {
        Assert.Equal(FaceAttribute.All.Count(a => a.Change is not null), All.Select(e => e.Attribute).Distinct().Count());
        foreach (FaceEdit edit in All)
        {
            Assert.NotEqual(edit.From, edit.To);
            (string source, string target) = edit.Captions();
            Assert.NotEqual(source, target);
            string[] before = source.Split(' '), after = target.Split(' ');

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
        IReadOnlyList<IReadOnlyDictionary<string, string>> before = embedded.Attributes.Of(EditedFaces.Pictures(All, default));
        IReadOnlyList<IReadOnlyDictionary<string, string>> after = embedded.Attributes.Of(EditedFaces.Truths(All, default));
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
        (Tensor faces, Tensor truths) = (EditedFaces.Pictures(some, default), EditedFaces.Truths(some, default));
        Assert.All(EditingMeasures.OutsideErrors(truths, faces, truths), error => Assert.Equal(0, error));
        Assert.All(EditingMeasures.OutsideErrors(faces, faces, truths), error => Assert.InRange(error, 0, 1e-4));

        // Where the truth differs from the face, nothing counts; elsewhere all does.
        Tensor inside = (truths - faces).abs().amax([1L], keepdim: true).gt(0.05).to(ScalarType.Float32);
        Assert.InRange(inside.mean().item<float>(), 1e-3, 0.9);
        Assert.All(EditingMeasures.OutsideErrors(truths + inside, faces, truths), error => Assert.Equal(0, error));
        Assert.All(EditingMeasures.OutsideErrors(truths + 0.1, faces, truths), error => Assert.Equal(0.01, error, 1e-5));
    }
}
