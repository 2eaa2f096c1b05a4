using Costate.Faces.Drawing;
using Costate.Faces.Training;
using Costate.Faces.Training.TextToImage;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Training.TextToImage;

[LongProof]
public sealed class TextModelTrainingTests(TrainedTextModel trained) : IClassFixture<TrainedTextModel>
{
    private static readonly string[] Weights =
    [
        TextModelFolder.CodecFile, TextModelFolder.TextFile, TextModelFolder.ImageFile, TextModelFolder.UnetFile,
    ];

    [Fact]
    public void Model_IsStableDiffusions_AndDrawsWhatItIsTold()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TextModelTraining training = trained.CopyTo(folder);

        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(training.Model.FullName);
        Assert.Equal(TextModelFolder.TextLength, pipeline.Tokenizer!.Length);
        Assert.Equal(pipeline.TextEncoder!.Config.EosTokenId, pipeline.Tokenizer.End);
        Assert.Equal(Prediction.Velocity, pipeline.Scheduler.Prediction);
        Assert.Equal(((UNet2DConditionModel)pipeline.Network).Config.CrossAttentionDim[0], pipeline.TextEncoder.Config.HiddenSize);
        Tensor latents = pipeline.Sampler(steps: 2, guidanceScale: 3)
            .Sample(pipeline.DrawStart(seed: 1, 128, 128), pipeline.Condition("a person with red hair"));
        Tensor picture = pipeline.Decode(latents);
        Assert.Equal([1, 3, 128, 128], picture.shape);
        Assert.True(picture.isfinite().all().item<bool>());

        // Diffusion sees latents of deviation 1 (16 bits, and another part of the faces than was measured).
        FaceSelection selection = TinyTextModel.Recipe().CodecTraining.Faces;
        using FaceData faces = FaceData.Open(folder.PathTo("run", "faces-3x2-64.safetensors"), selection, 1, null, default);
        Tensor all = pipeline.Encode(faces.Faces(arange(faces.Count, ScalarType.Int64)));
        Assert.Equal(1, all.std().item<float>(), 0.02);
        foreach (string file in Weights)
        {
            using SafetensorsFile weights = SafetensorsFile.Open(training.Model.PathTo(file));
            Assert.All(weights.Names, name => Assert.Equal(ScalarType.Float16, weights.Read(name).dtype));
            Assert.Equal($"{TinyTextModel.Steps}", weights.Metadata["steps"]);
        }

        foreach (string part in (string[])[TextModelRecipe.CodecName, TextModelRecipe.UnetName])
        {
            Assert.NotEmpty(Directory.GetFiles(folder.PathTo("run", part), "samples-*.png"));
        }
    }

    [Fact]
    public void StoppedInEachPart_GoesOnToTheSameBits()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TextModelTraining whole = trained.CopyTo(folder, "whole");
        TextModelTraining stopped = TinyTextModel.Training(folder, "stopped");
        string[] names = [TextModelRecipe.CodecName, TextModelRecipe.DecoderName, TextModelRecipe.PairName, TextModelRecipe.UnetName];
        foreach (string part in names)
        {
            using var source = new CancellationTokenSource();
            var stop = new Stopping(part, after: 2, source);
            Assert.Throws<OperationCanceledException>(() => stopped.Run(only: null, "test", stop, source.Token));
            Assert.True(File.Exists(folder.PathTo("stopped", part, Checkpoint.FileName)));
        }

        // What is finished is not trained again.
        var seen = new HashSet<string>();
        stopped.Run(only: null, "test", new Told(seen), default);
        Assert.Equal([TextModelRecipe.UnetName], names.Where(seen.Contains));
        foreach (string file in Weights)
        {
            using SafetensorsFile expected = SafetensorsFile.Open(whole.Model.PathTo(file));
            using SafetensorsFile resumed = SafetensorsFile.Open(stopped.Model.PathTo(file));
            Assert.Equal(expected.Names, resumed.Names);
            Assert.All(expected.Names, tensor => Assert.True(expected.Read(tensor).equal(resumed.Read(tensor)).all().item<bool>(), tensor));
        }
    }

    [Fact]
    public void FromAModel_GoesOnWithItsUnet_AndKeepsTheRest()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TextModelTraining first = trained.CopyTo(folder, "first");
        TextModelTraining second = TinyTextModel.Training(
            folder, "second", TinyTextModel.Recipe(TinyTextModel.Steps + 2) with { Seed = 9 }, first.Model.FullName);
        second.Run(only: null, "test", progress: null, default);

        foreach (string file in Weights.Except([TextModelFolder.UnetFile]))
        {
            Assert.Equal(File.ReadAllBytes(first.Model.PathTo(file)), File.ReadAllBytes(second.Model.PathTo(file)));
        }

        using SafetensorsFile before = SafetensorsFile.Open(first.Model.PathTo(TextModelFolder.UnetFile));
        using SafetensorsFile after = SafetensorsFile.Open(second.Model.PathTo(TextModelFolder.UnetFile));
        Assert.Equal($"{TinyTextModel.Steps + 2}", after.Metadata["steps"]);
        double distance = Distance(before, after), whole = before.Names.Sum(name => before.Read(name).@float().norm().item<float>());
        Assert.InRange(distance, 1e-9, 0.1 * whole);

        // Stopped, it goes on with its own checkpoint.
        second.Run(only: null, "test", progress: null, default);
        string[] validation = File.ReadAllLines(folder.PathTo("second", TextModelRecipe.UnetName, TrainingRun.ValidationFile));
        Assert.StartsWith($"{TinyTextModel.Steps + 2},", validation[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void FromAModel_ItsPairAlone_GoesOn()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TextModelTraining first = trained.CopyTo(folder, "first");
        TextModelTraining second = TinyTextModel.Training(
            folder, "second", TinyTextModel.Recipe(TinyTextModel.Steps + 2) with { Seed = 9 }, first.Model.FullName);
        second.Run(TextModelRecipe.PairName, "test", progress: null, default);
        foreach (string file in (string[])[TextModelFolder.TextFile, TextModelFolder.ImageFile])
        {
            using SafetensorsFile before = SafetensorsFile.Open(first.Model.PathTo(file));
            using SafetensorsFile after = SafetensorsFile.Open(second.Model.PathTo(file));
            Assert.Equal($"{TinyTextModel.Steps + 2}", after.Metadata["steps"]);
            double distance = Distance(before, after), whole = before.Names.Sum(name => before.Read(name).@float().norm().item<float>());
            Assert.InRange(distance, 1e-9, 0.1 * whole);
        }
    }

    [Fact]
    public void FromAFolderThatIsNoModel_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathTo("empty"));
        Refuses(TinyTextModel.Training(folder, from: folder.PathTo("empty")), null, "has neither", TextModelFolder.CodecFile, "train text-to-image");
    }

    [Fact]
    public void DecoderAlone_LeavesLatentsAsTheyAre()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TextModelTraining training = TinyTextModel.Training(folder);
        training.Run(TextModelRecipe.CodecName, "test", progress: null, default);
        string digest = training.Model.EncoderDigest;
        Dictionary<string, byte[]> before = Weights();
        using (AutoencoderKL codec = training.Model.OpenCodec(TinyTextModel.Recipe().Codec))
        {
            training.Run(TextModelRecipe.DecoderName, "test", progress: null, default);
            using AutoencoderKL after = training.Model.OpenCodec(TinyTextModel.Recipe().Codec);
            Assert.Equal(codec.Config.ScalingFactor, after.Config.ScalingFactor);
        }

        Dictionary<string, byte[]> changed = Weights();
        Assert.Equal(digest, training.Model.EncoderDigest);
        Assert.All(before.Keys, name => Assert.Equal(IsOfDecoder(name), !before[name].SequenceEqual(changed[name]) || IsConstant(name)));

        // Once is enough.
        var told = new HashSet<string>();
        training.Run(TextModelRecipe.DecoderName, "test", new Told(told), default);
        Assert.Empty(told);

        Dictionary<string, byte[]> Weights()
        {
            using SafetensorsFile file = SafetensorsFile.Open(training.Model.PathTo(TextModelFolder.CodecFile));
            return file.Names.ToDictionary(name => name, name => file.Read(name).bytes.ToArray());
        }

        static bool IsOfDecoder(string name) => name.StartsWith("decoder.", StringComparison.Ordinal) || name.StartsWith("post_", StringComparison.Ordinal);

        // Some biases before a normalisation of few channels hardly move in 16 bits.
        bool IsConstant(string name) => IsOfDecoder(name) && before[name].SequenceEqual(changed[name]) && name.EndsWith("bias", StringComparison.Ordinal);
    }

    [Fact]
    public void Seed_ChangesAllWeights()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tensor[] first = Codec(1), second = Codec(2);
        Assert.All(first.Zip(second), pair => Assert.False(pair.First.equal(pair.Second).all().item<bool>()));

        Tensor[] Codec(ulong seed)
        {
            TextModelTraining training = TinyTextModel.Training(folder, $"{seed}", TinyTextModel.Recipe(1) with { Seed = seed });
            training.Run(TextModelRecipe.CodecName, "test", progress: null, default);
            using SafetensorsFile file = SafetensorsFile.Open(training.Model.PathTo(TextModelFolder.CodecFile));
            return [.. file.Names.Where(name => name.Contains("conv1.weight", StringComparison.Ordinal)).Select(name => file.Read(name))];
        }
    }

    [Fact]
    public void Unet_NeedsTheOtherParts()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TextModelTraining training = TinyTextModel.Training(folder);
        Refuses(training, TextModelRecipe.UnetName, "There is no", TextModelFolder.CodecFile, "Train the part codec first");
        training.Run(TextModelRecipe.CodecName, "test", progress: null, default);
        Refuses(training, TextModelRecipe.UnetName, "There is no", TextModelFolder.TextFile, "Train the part clip first");
    }

    [Fact]
    public void FolderOfAnotherTraining_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TextModelTraining training = trained.CopyTo(folder);
        TextModelRecipe other = TinyTextModel.Recipe() with { Codec = TinyTextModel.Recipe().Codec with { BlockOutChannels = [16, 16, 16, 32] } };
        Refuses(TinyTextModel.Training(folder, recipe: other), null, "block_out_channels [16,16,16,16]", "expected [16,16,16,32]", "another folder");
        other = TinyTextModel.Recipe() with { Text = TinyTextModel.Recipe().Text with { HiddenSize = 64 } };
        Refuses(TinyTextModel.Training(folder, recipe: other), null, "hidden_size 32", "expected 64", "another folder");
        Refuses(TinyTextModel.Training(folder, recipe: TinyTextModel.Recipe() with { Seed = 9 }), null, "Got seed 11; the training in", "another output folder");

        other = TinyTextModel.Recipe() with { Twins = 3 };
        Refuses(TinyTextModel.Training(folder, recipe: other), null, "Got twins 3 faces", "another output folder");

        // Another codec than the U-Net began with.
        Directory.Delete(Path.GetDirectoryName(training.Model.PathTo(TextModelFolder.TextFile))!, recursive: true);
        Directory.Delete(folder.PathTo("run", TextModelRecipe.PairName), recursive: true);
        other = TinyTextModel.Recipe() with { PairTraining = TinyTextModel.Recipe().PairTraining with { LearningRate = 1e-2 } };
        Refuses(TinyTextModel.Training(folder, recipe: other), null, "Got text ", "another output folder");
    }

    [Fact]
    public void DamagedWeights_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TextModelTraining training = trained.CopyTo(folder);
        string codec = training.Model.PathTo(TextModelFolder.CodecFile);
        File.WriteAllBytes(codec, File.ReadAllBytes(codec)[..^8]);
        Assert.Throws<SafetensorsException>(() => training.Run(only: null, "test", progress: null, default));
    }

    [Fact]
    public void LatentsOfAnotherCodec_AreEncodedAnew()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        FaceSelection selection = TinyTextModel.Recipe().CodecTraining.Faces;
        using FaceData faces = FaceData.Open(folder.PathTo("faces.safetensors"), selection, 1, null, default);
        using var codec = new AutoencoderKL(TinyTextModel.Recipe().Codec);
        string path = folder.PathTo("latents.safetensors");
        int encoded = 0;
        var count = new Told(_ => encoded++);
        Tensor Open(string digested)
        {
            using var latents = FaceLatents.Open(path, codec, digested, faces, count, default);
            return latents.Of(arange(latents.Count, ScalarType.Int64));
        }

        Tensor first = Open("one");
        Assert.Equal(1, encoded);
        Assert.True(Open("one").equal(first).all().item<bool>());
        Assert.Equal(1, encoded);
        Assert.Equal(first.shape, Open("two").shape);
        Assert.Equal(2, encoded);
    }

    private static double Distance(SafetensorsFile a, SafetensorsFile b) =>
        a.Names.Sum(name => (a.Read(name).@float() - b.Read(name).@float()).norm().item<float>());

    private static void Refuses(TextModelTraining training, string? part, params string[] texts)
    {
        string message = Assert.Throws<InvalidDataException>(() => training.Run(part, "test", progress: null, default)).Message;
        Assert.All(texts, text => Assert.Contains(text, message, StringComparison.Ordinal));
    }

    private sealed class Stopping(string part, int after, CancellationTokenSource source) : IProgress<StageProgress>
    {
        public void Report(StageProgress value)
        {
            if (value.Stage == part && value.Note.StartsWith($"step {after},", StringComparison.Ordinal))
            {
                source.Cancel();
            }
        }
    }

    private sealed class Told(Action<string> tell) : IProgress<StageProgress>, IProgress<double>
    {
        internal Told(HashSet<string> names)
            : this(name => names.Add(name))
        {
        }

        public void Report(StageProgress value) => tell(value.Stage);

        public void Report(double value) => tell("");
    }
}
