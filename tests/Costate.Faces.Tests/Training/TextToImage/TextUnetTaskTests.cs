using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Training;
using Costate.Faces.Training.TextToImage;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Training.TextToImage;

/// <summary>The loss of the U-Net, of faces and of what words change between twins, and that twins are part of what is trained.</summary>
public sealed class TextUnetTaskTests
{
    private const int Alone = 2;
    private const int Pairs = 9;
    private const double Empty = 0.1;
    private const double Rounding = 1e-5;

    /// <param name="step">One that has drawn so.</param>
    /// <param name="untold">How many of the faces alone have no caption.</param>
    [Theory]
    [InlineData(2, 0)]
    [InlineData(1, 1)]
    public void Loss_IsThatOfTheVelocity_LessAtTimesWithLittleNoise_AndOfWhatTheWordsOfTwinsChange(long step, int untold)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TextModelRecipe recipe = TinyTextModel.Recipe();
        var model = new TextModelFolder(TinyTextModel.Write(folder.PathTo("model")));

        // Gone on with, for a new network predicts zero whatever it is told.
        using var network = new UNet2DConditionModel(recipe.Unet);
        using (var weights = new StepRandom(2, 0))
        {
            weights.Initialise(network);
        }

        model.WriteUnet(network, new Dictionary<string, string> { ["steps"] = "1" });
        model.CopyUnet(network);
        TrainingPart part = recipe.Parts(model, folder.FullName, from: model, null, default)[^1];
        using FaceData faces = FaceData.Open(folder.PathTo("faces.safetensors"), part.Faces, 1, null, default);
        using TrainingTask task = part.Create(faces, part.Settings);
        using var random = new StepRandom(1, step);
        double loss = task.Accumulate(random, progress: 0);

        // Of four two are a pair, drawn after the two others.
        using var same = new StepRandom(1, step);
        Assert.Equal(Alone + 2, part.Settings.Batch);
        Tensor indices = same.Places(FaceFrequencies.Of(part.Faces), Alone);
        long[] variations = same.Integers(1L << 40, Alone).data<long>().ToArray();
        bool[] told = [.. same.Uniform(Alone, 1).data<float>().Select(chance => chance >= Empty)];
        Tensor noise = same.Normal(Alone, 4, 8, 8);
        float[] times = [.. same.Uniform(Alone).data<float>().Select((u, i) => (u + i) / Alone)];
        int twin = (int)same.Integers(recipe.Twins, 1).item<long>();
        (string source, string target) = FaceTwins.Edits(recipe.Twins)[twin].Captions((ulong)same.Integers(1L << 40, 1).item<long>());
        (Tensor pairNoise, float pairTime) = (same.Normal(1, 4, 8, 8)[0], same.Uniform(1).item<float>());
        string[] texts =
        [
            .. indices.data<long>().ToArray().Zip(variations, (i, v) =>
                FaceCaption.Of(part.Faces.Seeds()[i].Identity, part.Faces.Seeds()[i].Circumstance, (ulong)v).Text),
        ];
        Tensor clean = Read(folder, "latents.safetensors").index_select(0, indices), pair = Read(folder, "twins.safetensors");
        (Tensor first, Tensor second) = (pair[twin], pair[recipe.Twins + twin]);
        Assert.Equal(untold, told.Count(t => !t));
        using ClipTextModel tower = model.OpenText(recipe.Text);
        using IDisposable noGraph = no_grad();
        NoiseSchedule schedule = SchedulerConfiguration.Parse(TextModelFolder.Scheduler).Schedule;
        var tokens = new CaptionTokens(model.Tokenizer, part.Faces);
        double expected = Expected(told, target, second);

        // float32. Were a caption or the second twin another, the loss would be another.
        Assert.Equal(expected, loss, Rounding * expected);
        foreach (double other in (double[])
            [
                Expected([.. told.Select(t => !t)], target, second),
                Expected(told, source, second),
                Expected(told, target, first),
            ])
        {
            Assert.InRange(Math.Abs(other - expected), 3 * Rounding * expected, double.MaxValue);
        }

        double Expected(bool[] told, string otherWords, Tensor otherTwin)
        {
            double sum = 0;
            for (int i = 0; i < Alone; i++)
            {
                sum += OfVelocity(clean[i], noise[i], times[i], told[i] ? texts[i] : "");
            }

            // What lies between both predictions of the clean latents, of one noisy latent, counts by 1 / (1 + SNR) = sigma^2.
            (_, double sigma, Tensor own) = Predicted(first, pairNoise, pairTime, source);
            Tensor other = Predicted(first, pairNoise, pairTime, otherWords).Velocity;
            double apart = Mean((((own - other) * sigma) - (otherTwin - first)).square()) * sigma * sigma;
            return ((sum + OfVelocity(first, pairNoise, pairTime, source)) / (Alone + 1)) + (TextUnetTask.TwinWeight * apart);
        }

        double OfVelocity(Tensor face, Tensor noise, float moment, string text)
        {
            (double alpha, double sigma, Tensor velocity) = Predicted(face, noise, moment, text);
            return Mean((velocity - ((noise * alpha) - (face * sigma))).square()) / (1 + (alpha * alpha / (sigma * sigma) / 5));
        }

        // The mouth, of 8 rows and columns the fifth and sixth and the middle two, counts five times.
        double Mean(Tensor errors) => (errors.sum().item<float>() + (4 * errors[.., 4..6, 3..5].sum().item<float>())) / errors.numel();

        (double Alpha, double Sigma, Tensor Velocity) Predicted(Tensor face, Tensor noise, float moment, string text)
        {
            double counted = Math.Floor(moment * 1000f), time = (counted + 1) / 1000;
            (double alpha, double sigma) = (schedule.Alpha(time), schedule.Sigma(time));
            Tensor noisy = (face * alpha) + (noise * sigma);
            Tensor states = tower.call(tokens.Of(text)).LastHiddenState;
            return (alpha, sigma, network.call(noisy.unsqueeze(0), tensor((float)counted).reshape(1), states)[0]);
        }
    }

    [Fact]
    public void Twins_ArePicturesThatOnlyOneAttributePartsAsLatents_AndTheirCaptionsSoToo()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var codec = new AutoencoderKL(TinyTextModel.Recipe().Codec);
        codec.eval();
        using FaceTwins twins = Open(people: 3);
        using var random = new StepRandom(1, 0);
        (Tensor latents, IReadOnlyList<string> captions) = twins.Draw(Pairs, random);
        using var same = new StepRandom(1, 0);
        int[] drawn = [.. same.Integers(3, Pairs).data<long>().Select(i => (int)i)];
        FaceEdit[] edits = FaceTwins.Edits(3);
        Assert.Equal([0, 1, 2], drawn.Distinct().Order());
        for (int i = 0; i < Pairs; i++)
        {
            FaceEdit edit = edits[drawn[i]];
            Tensor Encoded(bool changed) => FaceLatents.Encoded(
                codec, EvaluationFaces.OfBytes(DrawnFaces.Batch(1, _ => edit.Draw(changed, 64), 64, default)))[0];
            Assert.True(Encoded(changed: false).allclose(latents[i], 1e-4, 1e-5));
            Assert.True(Encoded(changed: true).allclose(latents[Pairs + i], 1e-4, 1e-5));
            Assert.False(latents[i].allclose(latents[Pairs + i], 1e-4, 1e-5));
            Assert.NotEqual(captions[i], captions[Pairs + i]);
        }

        // Read next time, and made anew of others.
        byte[] written = File.ReadAllBytes(folder.PathTo("twins.safetensors"));
        Open(people: 3, "one").Dispose();
        Assert.Equal(written, File.ReadAllBytes(folder.PathTo("twins.safetensors")));
        Open(people: 2).Dispose();
        Assert.Equal([4, 4, 8, 8], Read(folder, "twins.safetensors").shape);
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() => Open(people: 2, "two", stopped.Token));

        FaceTwins Open(int people, string digest = "one", CancellationToken token = default) =>
            FaceTwins.Open(folder.PathTo("twins.safetensors"), codec, digest, people, side: 64, progress: null, token);
    }

    /// <param name="batch">Of which one in four would be a pair.</param>
    /// <param name="microBatch">Of which a pair is two at least.</param>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(9, 1)]
    public void Batch_OfAnySize_Learns(int batch, int microBatch)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var model = new TextModelFolder(TinyTextModel.Write(folder.PathTo("model")));
        TrainingPart part = TinyTextModel.Recipe().Parts(model, folder.FullName, null, null, default)[^1];
        using FaceData faces = FaceData.Open(folder.PathTo("faces.safetensors"), part.Faces, 1, null, default);
        using TrainingTask task = part.Create(faces, part.Settings with { Batch = batch, MicroBatch = microBatch });
        using var random = new StepRandom(1, 1);
        Assert.InRange(task.Accumulate(random, progress: 0), 0.01, 100);
        Assert.Contains(task.Parameters, p => p.Value.grad is not null);
    }

    [Fact]
    public void Twins_OfAnotherNumber_AreAnotherTraining()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var model = new TextModelFolder(TinyTextModel.Write(folder.PathTo("model")));
        Assert.Contains("4 faces of 64 pixels", Settings(4), StringComparison.Ordinal);
        Assert.Contains("smile serious/smiling, beard none/moustache", Settings(4), StringComparison.Ordinal);
        Assert.NotEqual(Settings(3), Settings(4));

        string Settings(int twins)
        {
            TrainingPart part = (TinyTextModel.Recipe() with { Twins = twins }).Parts(model, folder.FullName, null, null, default)[^1];
            using FaceData faces = FaceData.Open(folder.PathTo("faces.safetensors"), part.Faces, 1, null, default);
            using TrainingTask task = part.Create(faces, part.Settings);
            return task.Settings["twins"];
        }
    }

    private static Tensor Read(TemporaryFolder folder, string file)
    {
        using SafetensorsFile opened = SafetensorsFile.Open(folder.PathTo(file));
        return opened.Read("latents");
    }
}
