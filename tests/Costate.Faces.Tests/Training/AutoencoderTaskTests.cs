using Costate.Faces.Models;
using Costate.Faces.Training;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Training;

public sealed class AutoencoderTaskTests
{
    private static readonly PatchedAutoencoderConfig Config = TinyWeights.Autoencoder;

    [Fact]
    public void Loss_IsThatOfTheVelocity_LessAtTimesWithLittleNoise()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using FaceData faces = TinyTrainings.Faces(folder.FullName);
        TrainingSettings settings = TinyTrainings.Settings(1);
        using TrainingTask task = Whole(faces, settings, folder);
        using var random = new StepRandom(1, 1);
        double loss = task.Accumulate(random, progress: 0);

        // A new network's last convolution is zero, so it predicts zero.
        using var same = new StepRandom(1, 1);
        Tensor pictures = faces.Faces(same.Integers(faces.Count, settings.Batch));
        Tensor noise = same.Normal(settings.Batch, 3, 64, 64);
        Tensor drawn = arange(settings.Batch, ScalarType.Float32) + same.Uniform(settings.Batch);
        float[] times = ((drawn * ((1 - 1e-3) / settings.Batch)) + 1e-3).data<float>().ToArray();

        // The same in all patches, and without a colour of its own.
        Tensor pattern = same.Normal(settings.Batch, 3, Config.PatchSize, Config.PatchSize);
        pattern = (pattern - pattern.mean([2, 3], keepdim: true)) * same.Uniform(settings.Batch, 1, 1, 1) * 0.15;
        pattern = pattern.repeat(1, 1, 64 / Config.PatchSize, 64 / Config.PatchSize);
        double expected = 0, withoutPatterns = 0;
        foreach ((int i, float time) in times.Index())
        {
            (double alpha, double sigma) = (AutoencoderTask.Schedule.Alpha(time), AutoencoderTask.Schedule.Sigma(time));
            double weight = 1 / (1 + (alpha * alpha / (sigma * sigma) / 5)) / times.Length;
            expected += Velocity(noise[i] + (pattern[i] / sigma)) * weight;
            withoutPatterns += Velocity(noise[i]) * weight;

            double Velocity(Tensor eps) => ((eps * alpha) - (pictures[i] * sigma)).square().mean().item<float>();
        }

        // float32.
        Assert.Equal(expected, loss, 1e-5 * expected);
        Assert.NotEqual(withoutPatterns, loss, 1e-4 * expected);
    }

    /// <param name="isTrained">Whether it begins with weights of the same network; then it has to be asked for.</param>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Encoder_LearnsAloneAtFirst(bool isTrained)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using FaceData faces = TinyTrainings.Faces(folder.FullName);
        TrainingSettings settings = TinyTrainings.Settings(1);
        using AutoencoderTask task = isTrained ? Whole(faces, settings, folder, encoderFirst: 0.4) : new(Config, faces, settings);
        Assert.Equal("0.4", task.Settings["encoder first"]);
        Accumulate(0.39);
        Assert.All(task.Parameters, p => Assert.Equal(OfTheCode(p), p.Value.grad is not null));
        Accumulate(0.4);
        Assert.All(task.Parameters, p => Assert.NotNull(p.Value.grad));

        // It is no part of what is trained.
        Assert.All(task.Parameters, p => Assert.Equal(p.Name.StartsWith("decoder.", StringComparison.Ordinal), p.Average is null));

        void Accumulate(double progress)
        {
            using var random = new StepRandom(1, 1);
            task.Accumulate(random, progress);
        }

        static bool OfTheCode(TrainedParameter parameter) => parameter.Name.Split('.')[0] is "encoder" or "decoder";
    }

    [Fact]
    public void WholeWeights_GoOnWithoutIt()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using FaceData faces = TinyTrainings.Faces(folder.FullName);
        using TrainingTask task = Whole(faces, TinyTrainings.Settings(1), folder);
        Assert.DoesNotContain(task.Parameters, p => p.Name.StartsWith("decoder.", StringComparison.Ordinal));
    }

    private static AutoencoderTask Whole(FaceData faces, TrainingSettings settings, TemporaryFolder folder, double? encoderFirst = null)
    {
        string path = folder.PathTo("before.safetensors");
        using var before = new PatchedAutoencoder(Config);
        using var random = new StepRandom(9, 0);
        random.Initialise(before);
        before.Save(path);
        return new AutoencoderTask(Config, faces, settings, path, encoderFirst);
    }
}
