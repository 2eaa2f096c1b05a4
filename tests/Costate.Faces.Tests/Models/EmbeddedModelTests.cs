using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Models;

public sealed class EmbeddedModelTests
{
    [Fact]
    public void Networks_AreFrozenAndRun()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = new EmbeddedModel(TinyWeights.Write(folder.FullName));
        Tensor faces = TinyWeights.Faces();

        Assert.Equal(["judge-1", "judge-2", "judge-3"], model.Judges.Select(j => j.Name));
        Assert.Equal(("attack", "pairs"), (model.Attack.Name, model.Pairs.Name));
        Assert.Same(model.Attack, model.Attack);
        Assert.Same(model.Autoencoder, model.Autoencoder);
        foreach (
            nn.Module network in (nn.Module[])
                [model.Autoencoder, model.Attack.Network, model.Pairs.Network, .. model.Judges.Select(j => j.Network)])
        {
            Assert.False(network.training);
            Assert.All(network.parameters(), p => Assert.False(p.requires_grad));
        }

        var sampler = new Sampler(model.ToModel().Denoiser, model.Schedule, Solver.Ddim(), TimeGrid.UniformLogSnr(model.Schedule, 2));
        Tensor sample = sampler.Sample(StartNoise.Draw(faces.shape, 1), model.Autoencoder.Encode(faces));
        Assert.Equal(faces.shape, sample.shape);
        Assert.Equal([2, 16], model.Attack.Network.Embed(sample).shape);
    }

    [Fact]
    public void Threshold_DividesStrictly()
    {
        using var folder = new TemporaryFolder();
        using var model = new EmbeddedModel(TinyWeights.Write(folder.FullName));
        EmbeddedRecogniser attack = model.Attack;
        Assert.Equal(attack.Threshold, attack.Calibration.Threshold);
        Assert.InRange(attack.Calibration.FalseMatchRate, 0, 1e-3);
        Assert.False(attack.Accepts(attack.Threshold));
        Assert.True(attack.Accepts(Math.BitIncrement(attack.Threshold)));
    }

    [Fact]
    public void MissingFile_IsNamedWithTheCure()
    {
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.FullName);
        File.Delete(Path.Combine(weights, "autoencoder.safetensors"));
        File.Delete(Path.Combine(weights, "recogniser-judge-2.safetensors"));
        using var model = new EmbeddedModel(weights);
        Refuses(() => _ = model.Autoencoder, "autoencoder.safetensors", "folder of weights", "costate train all");
        Refuses(() => _ = model.Judges, "recogniser-judge-2.safetensors", "costate train all");
    }

    [Fact]
    public void OtherLayout_IsNamedByItsFirstParameter()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.FullName);

        // Of another kind, without a word on what it is.
        SafetensorsFile.Write(
            Path.Combine(weights, "autoencoder.safetensors"),
            new Dictionary<string, Tensor> { ["conv_in.weight"] = zeros(8, 3, 3, 3) });
        File.Copy(Path.Combine(weights, "recogniser-attack.safetensors"), Path.Combine(weights, "other.safetensors"));
        using var model = new EmbeddedModel(weights);
        Refuses(
            () => _ = model.Autoencoder,
            "autoencoder.safetensors",
            "no parameter 'time_embed.time_embed.0.weight', whose shape is [128, 32]",
            "costate train all");

        // A recogniser in its place.
        File.Move(Path.Combine(weights, "other.safetensors"), Path.Combine(weights, "autoencoder.safetensors"), overwrite: true);
        Refuses(() => _ = model.Autoencoder, "not a diffusion autoencoder", "no parameter 'time_embed.time_embed.0.weight'");

        // One of its parameters in another shape.
        Change(Path.Combine(weights, "recogniser-pairs.safetensors"), tensors => tensors["out.norm.weight"] = zeros(3));
        Refuses(() => _ = model.Pairs, "recogniser-pairs.safetensors", "in shape");
    }

    [Fact]
    public void NetworksForOtherImages_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.FullName);
        using (var small = new FaceRecogniser(new FaceRecogniserConfig { ImageSize = 32, Width = 8 }))
        {
            small.Save(Path.Combine(weights, "recogniser-attack.safetensors"));
        }

        using var model = new EmbeddedModel(weights);
        Refuses(() => _ = model.Attack, "recogniser-attack.safetensors", "in shape");
    }

    [Fact]
    public void DamagedFile_IsNamed()
    {
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.FullName);
        string path = Path.Combine(weights, "recogniser-attack.safetensors");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^100]);
        using var model = new EmbeddedModel(weights);
        Refuses(() => _ = model.Attack, "recogniser-attack.safetensors", "damaged", "folder of weights");
    }

    [Fact]
    public void Thresholds_MustBeOfTheseWeights()
    {
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.FullName);
        string path = Path.Combine(weights, Calibration.FileName);
        string text = File.ReadAllText(path);

        File.Copy(
            Path.Combine(weights, "recogniser-judge-1.safetensors"),
            Path.Combine(weights, "recogniser-attack.safetensors"),
            overwrite: true);
        RefusesAll("other weights", "costate evaluate recognisers");
        File.WriteAllText(path, text.Replace("\"attack\"", "\"other\"", StringComparison.Ordinal));
        RefusesAll("no threshold of the recogniser attack");
        foreach (
            string damaged in (string[])
                [
                    "",
                    "{",
                    "[]",
                    "{}",
                    "null",
                    text.Replace("\"recognisers\": [", "\"recognisers\": null, \"x\": [", StringComparison.Ordinal),
                ])
        {
            File.WriteAllText(path, damaged);
            RefusesAll("recognisers.json", "does not hold thresholds");
        }

        File.Delete(path);
        RefusesAll("There is no", "recognisers.json", "costate evaluate recognisers");

        void RefusesAll(params string[] says)
        {
            using var model = new EmbeddedModel(weights);
            Refuses(() => _ = model.Attack, says);
        }
    }

    private static void Refuses(Action open, params string[] says)
    {
        string message = Assert.Throws<InvalidDataException>(open).Message;
        Assert.All(says, text => Assert.Contains(text, message, StringComparison.Ordinal));
    }

    private static void Change(string path, Action<Dictionary<string, Tensor>> change)
    {
        Dictionary<string, Tensor> tensors;
        Dictionary<string, string> metadata;
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            (tensors, metadata) = (new(file.ReadAll()), new(file.Metadata));
        }

        change(tensors);
        SafetensorsFile.Write(path, tensors, metadata);
    }
}
