using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Faces.Training;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Recognition;

public sealed class AttributeJudgesTests
{
    [Fact]
    public void Labels_AreWhatCaptionsWouldSay()
    {
        using var scope = NewDisposeScope();
        (ulong, ulong)[] seeds = [.. Enumerable.Range(0, 50).Select(i => ((ulong)i, 2ul))];
        Tensor labels = AttributeJudges.Labels(seeds);
        foreach ((int i, (ulong identity, ulong circumstance)) in seeds.Index())
        {
            foreach ((int k, FaceAttribute attribute) in FaceAttribute.All.Index())
            {
                string? value = attribute.Of(FaceIdentity.FromSeed(identity), DrawnFaces.Moment(identity, circumstance));
                int label = (int)labels[i, k].item<long>();
                Assert.Equal(value, label < 0 ? null : attribute.Values[label]);
            }
        }
    }

    [Fact]
    public void Loss_IsTheMeanOfCrossEntropies_WithoutWhatIsNotSaid()
    {
        using var scope = NewDisposeScope();
        int[] widths = [.. FaceAttribute.All.Select(a => a.Values.Count)];
        Tensor outputs = StartNoise.Draw([3, widths.Sum()], 1, ScalarType.Float32);
        Tensor labels = full([3, widths.Length], -1L);
        (labels[0, 1], labels[2, 6]) = (tensor(4L), tensor(1L));
        double expected = (Entropy(0, widths[0], widths[1], 4) + Entropy(2, widths[..6].Sum(), widths[6], 1)) / 3;

        // float32.
        Assert.Equal(expected, AttributeJudges.Loss(outputs, labels).item<float>(), 1e-5);
        Assert.Equal(0, AttributeJudges.Loss(outputs, full([3, widths.Length], -1L)).item<float>());

        double Entropy(int row, int first, int count, int at)
        {
            float[] logits = outputs[row].narrow(0, first, count).data<float>().ToArray();
            return Math.Log(logits.Sum(l => Math.Exp(l))) - logits[at];
        }
    }

    [Fact]
    public void Accuracy_CountsWhatIsSaidAlone()
    {
        using var scope = NewDisposeScope();
        using var network = new FaceRecogniser(AttributeJudges.Config(8));
        Tensor faces = FaceData.HeldOut(new FaceSelection { Identities = 4, Circumstances = 1, Size = AttributeJudges.Side }, 1_300_000);
        using var folder = new TemporaryFolder();
        using AttributeJudges judges = Saved(network, folder, AttributeJudges.Outputs);
        IReadOnlyList<IReadOnlyDictionary<string, string>> seen = judges.Of(faces);
        long Place(int face, FaceAttribute attribute) => attribute.Values.Index().Single(v => v.Item == seen[face][attribute.Name]).Index;
        long[] places = [.. Enumerable.Range(0, 4).SelectMany(i => FaceAttribute.All.Select(a => Place(i, a)))];
        Tensor labels = tensor(places, [4, FaceAttribute.All.Count]);
        Assert.All(AttributeJudges.Accuracy(network, faces, labels), share => Assert.Equal(1, share));
        labels[0, 2] = 1 - labels[0, 2];
        labels[1, 2] = tensor(-1L);
        Assert.Equal(2.0 / 3, AttributeJudges.Accuracy(network, faces, labels)[2], 1e-12);
    }

    [Fact]
    public void OtherAttributes_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var network = new FaceRecogniser(AttributeJudges.Config(8));
        Assert.Contains("judges hair: red", Message(network, "hair: red"), StringComparison.Ordinal);
        using var other = new FaceRecogniser(AttributeJudges.Config(8) with { ImageSize = 64 });
        Assert.Contains("another network", Message(other, AttributeJudges.Outputs), StringComparison.Ordinal);

        string Message(FaceRecogniser refused, string outputs) =>
            Assert.Throws<InvalidDataException>(() => Saved(refused, folder, outputs)).Message;
    }

    // What docs/embedded-model.md reports of 2000 faces, on a few of them.
    [Fact]
    public void EmbeddedJudges_SeeWhatWasDrawn()
    {
        using var scope = NewDisposeScope();
        using var model = new EmbeddedModel();
        var selection = new FaceSelection { Identities = 60, Circumstances = 1, Size = AttributeJudges.Side };
        const ulong First = 1_310_000;
        Tensor labels = AttributeJudges.Labels(selection.Seeds(First));
        IReadOnlyList<IReadOnlyDictionary<string, string>> seen = model.Attributes.Of(FaceData.HeldOut(selection, First));
        (int right, int said) = (0, 0);
        foreach ((int i, IReadOnlyDictionary<string, string> face) in seen.Index())
        {
            foreach ((int k, FaceAttribute attribute) in FaceAttribute.All.Index().Where(a => labels[i, a.Index].item<long>() >= 0))
            {
                said++;
                right += face[attribute.Name] == attribute.Values[(int)labels[i, k].item<long>()] ? 1 : 0;
            }
        }

        Assert.True(right > 0.96 * said, $"{right} of {said}");
    }

    private static AttributeJudges Saved(FaceRecogniser network, TemporaryFolder folder, string outputs)
    {
        string path = folder.PathTo(AttributeJudges.FileName);
        network.Save(path, metadata: new Dictionary<string, string> { [AttributeJudges.AttributesName] = outputs });
        return AttributeJudges.Open(path);
    }
}
