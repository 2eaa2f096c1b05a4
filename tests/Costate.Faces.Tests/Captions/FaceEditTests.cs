using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Training.TextToImage;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Captions;

public sealed class FaceEditTests
{
    // In which words the one is said, and the other.
    private static readonly (string One, string Other)[] Words =
    [
        ("a smiling", "a serious"), ("a smile", "a serious look"), (", smiling", ", not smiling"),
        ("no beard", "a moustache"), ("a shaved chin", "a small moustache"),
    ];

    [Fact]
    public void Captions_AreTheSameButForTheWordsOfTheAttribute()
    {
        using var folder = new TemporaryFolder();
        var model = new TextModelFolder(folder.FullName);
        model.Prepare();
        var used = new HashSet<string>();
        int longest = 0;
        foreach ((int i, FaceEdit edit) in FaceTwins.Edits(400).Index())
        {
            for (ulong variation = 0; variation < 5; variation++)
            {
                (string source, string target) = edit.Captions(variation);
                (string one, string other) = edit.From is "serious" or "moustache" ? (target, source) : (source, target);
                (string One, string Other)[] said = [.. Words.Where(w => one.Replace(w.One, w.Other, StringComparison.Ordinal) == other)];
                Assert.True(said.Length > 0, $"{i}: {source} | {target}");
                used.UnionWith(said.Select(s => s.One));
                longest = Math.Max(longest, Math.Max(model.Tokenizer.Encode(one).Count, model.Tokenizer.Encode(other).Count));
            }

            // Another wording each time.
            Assert.InRange(Enumerable.Range(0, 5).Select(v => edit.Captions((ulong)v).Source).Distinct().Count(), 2, 5);
        }

        Assert.Equal(Words.Select(w => w.One).Order(), used.Order());
        Assert.InRange(longest, 20, TextModelFolder.TextLength);
    }

    [Fact]
    public void Edits_AreAmongWhatIsAskedFor_OfWhatTheFaceHas()
    {
        FaceEdit[] edits = FaceTwins.Edits(400);
        foreach ((int i, FaceEdit edit) in edits.Index())
        {
            Assert.Equal((ulong)i, edit.Identity);
            Assert.InRange(edit.Identity, 0ul, DrawnFaces.FirstHeldOut - 1);
            string? value = edit.Attribute.Of(FaceIdentity.FromSeed(edit.Identity), DrawnFaces.Moment(edit.Identity, edit.Circumstance));
            Assert.Equal(value, edit.From);
            Assert.NotEqual(edit.From, edit.To);
            Assert.Contains(edit.Attribute.Name, (string[])["smile", "beard"]);
            Assert.DoesNotContain("beard", (string[])[edit.From, edit.To]);
        }

        // Half of the faces without a full beard, and all that have one, change their smile; a third and more do each.
        int smiles = edits.Count(e => e.Attribute == FaceAttribute.Smile);
        Assert.InRange(smiles, edits.Length / 2, 2 * edits.Length / 3);
        Assert.InRange(edits.Count(e => e.To == "smiling") / (double)smiles, 0.4, 0.65);
        Assert.Contains(edits, e => e.Circumstance > 0);

        // What is drawn of it: another circumstance is another face.
        using var scope = NewDisposeScope();
        Tensor Drawn(FaceEdit edit, bool changed) => DrawnFaces.Batch(1, _ => edit.Draw(changed, 64), 64, default);
        FaceEdit first = edits[0];
        Tensor own = DrawnFaces.Batch([(first.Identity, first.Circumstance)]);
        Assert.True(own.equal(Drawn(first, changed: false)).all().item<bool>());
        Assert.False(own.equal(Drawn(first, changed: true)).all().item<bool>());
        Assert.False(own.equal(Drawn(first with { Circumstance = first.Circumstance + 1 }, changed: false)).all().item<bool>());
    }
}
