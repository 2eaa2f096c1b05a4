using Costate.Faces.Drawing;
using Costate.Faces.Training;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Training;

public sealed class FaceDataTests
{
    [Fact]
    public void Faces_AreThoseOfTheirSeeds_DrawnOrRead()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tensor indices = tensor(new[] { 5L, 0 });
        for (int turn = 0; turn < 2; turn++)
        {
            using FaceData faces = TinyTrainings.Faces(folder.FullName);
            Assert.Equal(8, faces.Count);
            Assert.Equal([2, 0], faces.Labels(indices).data<long>().ToArray());
            Tensor expected = (DrawnFaces.Batch([(2, 1), (0, 0)]).to(ScalarType.Float32) / 127.5) - 1;

            // Rounding of float32.
            Assert.True((faces.Faces(indices) - expected).abs().max().item<float>() < 1e-6);
        }
    }

    [Fact]
    public void OtherFaces_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TinyTrainings.Faces(folder.FullName).Dispose();
        string path = folder.PathTo("faces.safetensors");
        Assert.Contains("holds 4 in 2", Assert.Throws<InvalidDataException>(() => Open(3)).Message, StringComparison.Ordinal);

        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            Tensor changed = file.Read("faces");
            changed[7, 0, 0, 0] = changed[7, 0, 0, 0].bitwise_xor(tensor((byte)1));
            SafetensorsFile.Write(
                folder.PathTo("changed.safetensors"),
                new Dictionary<string, Tensor> { ["faces"] = changed },
                file.Metadata);
        }

        File.Move(folder.PathTo("changed.safetensors"), path, overwrite: true);
        Assert.Contains("another version", Assert.Throws<InvalidDataException>(() => Open(4)).Message, StringComparison.Ordinal);

        FaceData Open(int identities) => FaceData.Open(path, TinyTrainings.Selection with { Identities = identities }, 1, null, default);
    }

    [Fact]
    public void EveryThirdPicture_HasGlasses_OfTheFirstCircumstancesThatDo()
    {
        var selection = new FaceSelection { Identities = 20, Circumstances = 7, EvenGlasses = true };
        foreach (IGrouping<ulong, (ulong Identity, ulong Circumstance)> person in selection.Seeds(40).GroupBy(s => s.Identity))
        {
            ulong[] moments = [.. person.Select(p => p.Circumstance)];
            Assert.Equal(moments.Length, moments.Distinct().Count());
            Assert.Equal([false, false, true, false, false, true, false], moments.Select(m => DrawnFaces.Moment(person.Key, m).Glasses));
            foreach (bool glasses in (bool[])[false, true])
            {
                ulong[] own = [.. moments.Where(m => DrawnFaces.Moment(person.Key, m).Glasses == glasses)];
                Assert.Equal(
                    Enumerable
                        .Range(0, 200)
                        .Select(i => (ulong)i)
                        .Where(m => DrawnFaces.Moment(person.Key, m).Glasses == glasses)
                        .Take(own.Length),
                    own);
            }
        }

        Assert.Equal(
            [(8, 0), (8, 1), (9, 0), (9, 1)],
            (selection with { Identities = 2, Circumstances = 2, EvenGlasses = false }).Seeds(8));
    }

    [Fact]
    public void FacesOfAnotherSize_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using (FaceData large = TinyTrainings.Faces(folder.FullName, "attributes"))
        {
            Assert.Equal([1, 3, 128, 128], large.Faces(tensor(new[] { 0L })).shape);
        }

        Assert.Contains(
            "are others",
            Assert.Throws<InvalidDataException>(() => TinyTrainings.Faces(folder.FullName)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void HeldOut_IsNeverTrainedOn()
    {
        using var scope = NewDisposeScope();
        Tensor expected =
            (DrawnFaces.Batch([(DrawnFaces.FirstHeldOut, 0), (DrawnFaces.FirstHeldOut, 1)]).to(ScalarType.Float32) / 127.5) - 1;
        Assert.True((FaceData.HeldOut(1, 2) - expected).abs().max().item<float>() < 1e-6);
    }

    [Fact]
    public void Augmentation_IsOfItsSeed_AndOfEachFaceByItself()
    {
        using var scope = NewDisposeScope();
        Tensor faces = FaceData.HeldOut(1, 1).expand(3, -1, -1, -1).contiguous();
        Tensor Changed(long step)
        {
            using var random = new StepRandom(1, step);
            return FaceAugmentation.Apply(faces, random);
        }

        Tensor first = Changed(1);
        Assert.Equal(faces.shape, first.shape);
        Assert.True(first.equal(Changed(1)).all().item<bool>());
        Assert.False(first.equal(Changed(2)).all().item<bool>());
        Assert.False(first[0].equal(first[1]).all().item<bool>());
    }
}
