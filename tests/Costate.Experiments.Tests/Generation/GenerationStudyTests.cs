using Costate.Experiments.Generation;
using Costate.Faces.Models;
using Costate.Faces.Training.TextToImage;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Generation;

public sealed class GenerationStudyTests
{
    [Fact]
    public void RealDrawings_AreSeenAsTheyAre_AndAnUntrainedModelsAreNot()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TextModelTraining training = TinyTextModel.Training(folder, "run", TinyTextModel.Recipe(steps: 1));
        training.Run(only: null, "test", progress: null, default);
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(training.Model.FullName);
        using var embedded = new EmbeddedModel();
        var study = new GenerationStudy(pipeline, embedded, prompts: 12, steps: 2);
        var told = new List<double>();
        IReadOnlyList<GenerationResult> results = study.Run([1, 3], told.Add, default);

        study.Shown.ForEach(shown => shown.Dispose());
        Assert.Equal([null, 1, 3], results.Select(r => r.GuidanceScale));
        Assert.Equal(1, told[^1]);
        Assert.InRange(results[0].AllAttributes.Rate, 0.9, 1);
        Assert.InRange(results[1].AllAttributes.Rate, 0, 0.7);
        Assert.All(results, r => Assert.Equal(results[0].AllAttributes.Total, r.AllAttributes.Total));
        Assert.All(results, r => Assert.Equal(r.AllAttributes.Total, r.Attributes.Values.Sum(a => a.Total)));
        Assert.All(results, r => Assert.Equal(12, r.Prompts.Total));
        Assert.All(results.Skip(1), r => Assert.True(r.Distances.Frechet > results[0].Distances.Frechet));
        Assert.Equal(3, study.Shown.Count);
    }
}
