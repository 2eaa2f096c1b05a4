using Costate.Experiments.Evaluation;
using Costate.Experiments.Generation;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Models;
using Costate.Faces.Reports;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Generation;

[LongProof]
public sealed class GenerationRunTests
{
    private const int Prompts = 8;

    [Fact]
    public void RealDrawings_AreSeenAsTheyAre_AndAnUntrainedModelsAreNot_AndRunsGoOn_AndMerge()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(TinyTextModel.Write(folder.PathTo("model")));
        using var embedded = new EmbeddedModel();
        double told = 0;

        GenerationReport whole = Run("whole", Division.None, [1, 3]);
        IReadOnlyList<GenerationResult> results = whole.Results;
        Assert.Equal([null, 1, 3], results.Select(r => r.GuidanceScale));
        Assert.Equal(1, told);
        Assert.InRange(results[0].AllAttributes.Rate, 0.9, 1);
        Assert.InRange(results[1].AllAttributes.Rate, 0, 0.7);
        Assert.All(results, r => Assert.Equal(results[0].AllAttributes.Total, r.AllAttributes.Total));
        Assert.All(results, r => Assert.Equal(r.AllAttributes.Total, r.Attributes.Values.Sum(a => a.Total)));
        Assert.All(results, r => Assert.Equal(Prompts, r.Prompts.Total));
        Assert.All(results.Skip(1), r => Assert.True(r.Distances!.Frechet > results[0].Distances!.Frechet));

        // What is there is not made again, and the files are.
        string[] pictures = Directory.GetFiles(folder.PathTo("whole"), "scale*.png", SearchOption.AllDirectories);
        Assert.Equal(2 * Prompts, pictures.Length);
        DateTime[] written = [.. pictures.Select(File.GetLastWriteTimeUtc)];
        File.Delete(folder.PathTo("whole", GenerationFiles.Report));
        Assert.Equal(JsonReport.Text(whole), JsonReport.Text(Run("whole", Division.None, [1, 3])));
        Assert.Equal(written, pictures.Select(File.GetLastWriteTimeUtc));

        // Shards, in batches of other sizes, join to the same.
        Run("first", new Division(new Shard(1, 2)), [3]);
        Run("second", new Division(new Shard(2, 2)), [3]);
        var merged = new GenerationFolder(folder.PathTo("merged"));
        var merge = new EvaluationMerge<GeneratedPicture>(path => new GenerationFolder(path));
        EvaluationContents contents = merge.Run([folder.PathTo("first"), folder.PathTo("second")], merged, default);
        GenerationReport together = GenerationFiles.Write(merged, contents, embedded.Pairs.Network);
        Assert.Equal(results[0].AllAttributes, together.Results[0].AllAttributes);
        Assert.Equal(results[0].Distances!.Frechet, together.Results[0].Distances!.Frechet, 1e-6);
        Assert.Equal(results[2].Distances!.Frechet, together.Results[1].Distances!.Frechet, 1e-2);

        // A picture that is gone is named, with what makes it again.
        string lost = merged.PicturePath(0, GeneratedPicture.KeyOf(3));
        File.Delete(lost);
        InvalidDataException missing = Assert.Throws<InvalidDataException>(
            () => GenerationFiles.Write(merged, contents, embedded.Pairs.Network));
        Assert.Contains(Path.ChangeExtension(lost, ".json"), missing.Message);

        // Another number of steps is another study.
        var again = new GenerationFolder(folder.PathTo("whole"));
        var other = new GenerationRun(pipeline, embedded.Attributes, new GenerationSettings(3), again, progress: null);
        Assert.Contains("steps", Assert.Throws<InvalidDataException>(() => other.Begin(Division.None, [1], Prompts)).Message);

        GenerationReport Run(string name, Division division, IReadOnlyList<double> scales)
        {
            var kept = new GenerationFolder(folder.PathTo(name));
            var listener = new Listener<StageProgress>(value => told = value.Share);
            var run = new GenerationRun(pipeline, embedded.Attributes, new GenerationSettings(2), kept, listener);
            (EvaluationContents contents, WorkItems items) = run.Begin(division, scales, Prompts);
            run.Run(items, scales, batchSize: 8, default);
            GenerationReport report = GenerationFiles.Write(kept, contents, embedded.Pairs.Network);
            Assert.All(GenerationFiles.All, file => Assert.True(new FileInfo(folder.PathTo(name, file)).Length > 0, file));
            return report;
        }
    }
}
