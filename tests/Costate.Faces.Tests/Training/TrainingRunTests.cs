using Costate.Faces.Training;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Training;

public sealed class TrainingRunTests
{
    private const int Steps = 5;
    private const int StoppedAfter = 2;

    [Theory]
    [InlineData("autoencoder")]
    [InlineData("adaface")]
    [InlineData("elasticface")]
    [InlineData("attributes")]
    public void Resumed_IsTheUninterruptedRunBitForBit(string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using FaceData faces = TinyTrainings.Faces(folder.FullName, name);
        string whole = Train(name, faces, folder.PathTo("whole"), stoppedAfter: null)!;

        Assert.Null(Train(name, faces, folder.PathTo("parts"), StoppedAfter));
        Assert.True(File.Exists(folder.PathTo("parts", Checkpoint.FileName)));
        Assert.False(File.Exists(folder.PathTo("parts", whole)));
        Assert.Equal(whole, Train(name, faces, folder.PathTo("parts"), stoppedAfter: null));

        foreach (string file in (string[])[whole, Checkpoint.FileName])
        {
            using SafetensorsFile expected = SafetensorsFile.Open(folder.PathTo("whole", file));
            using SafetensorsFile resumed = SafetensorsFile.Open(folder.PathTo("parts", file));
            Assert.Equal(expected.Names, resumed.Names);
            Assert.All(expected.Names, tensor => Assert.True(expected.Read(tensor).equal(resumed.Read(tensor)).all().item<bool>(), tensor));
            Assert.Equal(expected.Metadata.Where(IsNoTime), resumed.Metadata.Where(IsNoTime));
        }

        static bool IsNoTime(KeyValuePair<string, string> entry) => entry.Key != "seconds";
    }

    [Fact]
    public void Weights_ChangeAndTheirAverageFollows()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using FaceData faces = TinyTrainings.Faces(folder.FullName);
        TrainingSettings settings = TinyTrainings.Settings(Steps);
        using TrainingTask task = TinyTrainings.Task("arcface", faces, settings);
        Tensor[] before = [.. task.Parameters.Select(p => p.Value.detach().clone())];
        new TrainingRun(task, settings, folder.FullName).Run(default);

        foreach ((TrainedParameter parameter, Tensor first) in task.Parameters.Zip(before))
        {
            double moved = (parameter.Value - first).norm().item<float>();
            Assert.True(moved > 0, parameter.Name);
            if (parameter.Average is { } average)
            {
                Assert.InRange((average - first).norm().item<float>(), 1e-9, moved * 1.5);
            }
        }
    }

    [Fact]
    public void DamagedCheckpoint_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using FaceData faces = TinyTrainings.Faces(folder.FullName);
        Assert.Null(Train("arcface", faces, folder.PathTo("run"), StoppedAfter));
        string path = folder.PathTo("run", Checkpoint.FileName);
        byte[] whole = File.ReadAllBytes(path);

        File.WriteAllBytes(path, whole[..^8]);
        Refuses<SafetensorsException>("damaged");
        File.WriteAllText(path, "checkpoint");
        Refuses<SafetensorsException>(Checkpoint.FileName);

        Rewrite((tensors, _) => tensors.Remove("first:out.projection.weight"));
        Refuses<SafetensorsException>("first:out.projection.weight");
        Rewrite((tensors, _) => tensors["average:out.projection.weight"] = zeros(2));
        Refuses<InvalidDataException>("average:out.projection.weight in shape [2]");
        Rewrite((_, metadata) => metadata["step"] = "many");
        Refuses<InvalidDataException>("does not say its step");
        SafetensorsFile.Write(path, new Dictionary<string, Tensor> { ["x"] = zeros(1) });
        Refuses<InvalidDataException>("has none");

        void Refuses<TException>(string text)
            where TException : Exception =>
            Assert.Contains(
                text,
                Assert.Throws<TException>(() => Train("arcface", faces, folder.PathTo("run"), null)).Message,
                StringComparison.Ordinal);

        void Rewrite(Action<Dictionary<string, Tensor>, Dictionary<string, string>> change)
        {
            File.WriteAllBytes(path, whole);
            Dictionary<string, Tensor> tensors;
            Dictionary<string, string> metadata;
            using (SafetensorsFile file = SafetensorsFile.Open(path))
            {
                (tensors, metadata) = (new(file.ReadAll()), new(file.Metadata));
            }

            change(tensors, metadata);
            SafetensorsFile.Write(path, tensors, metadata);
        }
    }

    private static string? Train(string name, FaceData faces, string folder, int? stoppedAfter)
    {
        Directory.CreateDirectory(folder);
        TrainingSettings settings = TinyTrainings.Settings(Steps);
        using var source = new CancellationTokenSource();
        using TrainingTask task = new StoppingTask(TinyTrainings.Task(name, faces, settings), stoppedAfter, source);
        return new TrainingRun(task, settings, folder).Run(source.Token);
    }

    /// <summary>Asks for the end after so many steps.</summary>
    private sealed class StoppingTask(TrainingTask inner, int? after, CancellationTokenSource source) : TrainingTask
    {
        private int steps;

        internal override IReadOnlyList<TrainedParameter> Parameters => inner.Parameters;

        internal override IReadOnlyDictionary<string, Tensor> State => inner.State;

        internal override IReadOnlyDictionary<string, string> Settings => inner.Settings;

        internal override IReadOnlyList<string> Measures => inner.Measures;

        internal override double Accumulate(StepRandom random, double progress)
        {
            if (++steps == after)
            {
                source.Cancel();
            }

            return inner.Accumulate(random, progress);
        }

        internal override IReadOnlyList<double> Validate(string folder, long step) => inner.Validate(folder, step);

        internal override string Save(string folder, IReadOnlyDictionary<string, string> metadata) => inner.Save(folder, metadata);

        public override void Dispose() => inner.Dispose();
    }
}
