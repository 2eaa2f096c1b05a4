using Costate.Experiments.Evaluation;
using Costate.Experiments.Recognition;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Faces.Training;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Recognition;

public sealed class RecogniserRunTests
{
    private const int People = 92;
    private const int Pictures = 2;

    [Fact]
    public void Parts_OfWhichOneWasKilled_JoinToWhatOneProcessFinds()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.PathTo("weights"), calibrated: false);
        using var recognisers = new RecogniserSet(weights, CPU);
        string whole = Run("whole", Division.None);

        // The same as without a folder: it is what the thresholds of the other commands come from.
        Assert.Equal(RecogniserEvaluation.Run(weights, People, Pictures, _ => { }, default).Text.Trim(), whole);

        var first = new Division(new Shard(1, 2));
        Assert.Throws<OperationCanceledException>(() => Run("first", first, groups: 1));
        string kept = folder.PathTo("first", "persons", "0000", "embeddings.json");
        DateTime written = File.GetLastWriteTimeUtc(kept);
        Assert.False(File.Exists(folder.PathTo("first", Calibration.FileName)));
        Assert.Contains($"\"identities\": {People / 2}", Run("first", first));
        Assert.Equal(written, File.GetLastWriteTimeUtc(kept));
        Run("second", new Division(new Shard(2, 2)));

        var merged = new RecogniserFolder(folder.PathTo("merged"));
        EvaluationContents contents = new EvaluationMerge<EmbeddedPerson>(path => new RecogniserFolder(path))
            .Run([folder.PathTo("first"), folder.PathTo("second")], merged, default);
        Assert.Equal(whole, RecogniserFiles.Write(merged, contents).Text);
        Assert.All(
            RecogniserFiles.All,
            file => Assert.Equal(File.ReadAllBytes(folder.PathTo("whole", file)), File.ReadAllBytes(folder.PathTo("merged", file))));

        // Of too few people nothing can be said.
        var few = new Division(new Shard(1, 23));
        Assert.Contains("4 people", Assert.Throws<InvalidDataException>(() => Run("few", few)).Message);

        // Other weights are another study.
        File.Copy(Path.Combine(weights, "recogniser-judge-1.safetensors"), Path.Combine(weights, "recogniser-attack.safetensors"), true);
        using var others = new RecogniserSet(weights, CPU);
        var other = new RecogniserRun(others, Pictures, new RecogniserFolder(folder.PathTo("whole")), progress: null);
        Assert.Contains("attack.sha256", Assert.Throws<InvalidDataException>(() => other.Begin(Division.None, People)).Message);

        string Run(string name, Division division, int? groups = null)
        {
            using var stop = new CancellationTokenSource();
            int done = 0;
            var listener = new Listener<StageProgress>(value =>
            {
                if (value.Announcement is null && ++done == groups)
                {
                    stop.Cancel();
                }
            });
            var kept = new RecogniserFolder(folder.PathTo(name));
            var run = new RecogniserRun(recognisers, Pictures, kept, listener);
            (EvaluationContents contents, WorkItems items) = run.Begin(division, People);
            using WorkItems held = items;

            // As many as without a folder, where sums are in the same order.
            run.Run(items, batchSize: 32, stop.Token);
            return RecogniserFiles.Write(kept, contents).Text;
        }
    }
}
