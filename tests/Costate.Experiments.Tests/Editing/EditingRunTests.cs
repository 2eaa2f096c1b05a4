using Costate.Experiments.Editing;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Editing;

/// <summary>On a text-to-image model of random weights: what is exact is so for any.</summary>
public sealed class EditingRunTests
{
    private const int Steps = 2;

    private static readonly EditingSettings Settings = new(GuidanceScale: 2, EditScale: 3);

    [LongProof]
    [Fact]
    public void Methods_AreExactOrNot_AndGoOn_AndMerge()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(TinyTextModel.Write(folder.PathTo("model")));
        using var embedded = new EmbeddedModel();
        using TextLikeness likeness = TextLikeness.Of(pipeline);
        var measures = new EditingMeasures(embedded, likeness);
        int told = 0;

        EditingReport whole = Run("whole", Division.None, EditingMethod.All);
        foreach (EditingSummary summary in whole.Methods)
        {
            bool exact = EditingMethod.Parse(summary.Method)[0].IsExact;
            Assert.Equal(2, summary.Faces);
            Assert.Equal(exact ? 2 : 0, summary.Exact.Matched);
            Assert.Equal(12, summary.Kept.Total);

            // CycleDiffusion records its noise in 64 bits and is exact to rounding; DDIM is not.
            double most = summary.Method.StartsWith("ddim", StringComparison.Ordinal) ? double.MaxValue : 1e-10;
            Assert.InRange(summary.LatentError.Mean, exact ? 0 : 1e-20, most);
        }

        // Inversion and decoding; Rex draws its sample without the last half of a step.
        double Evaluations(string method) => whole.Methods.Single(m => m.Method == method).NetworkEvaluations;
        Assert.Equal(2 * Steps, Evaluations("ddim"));
        Assert.Equal(4 * Steps, Evaluations("ddim-doubled"));
        Assert.Equal((4 * Steps) - 1, Evaluations("rex-euler"));

        // What is there is not computed again, and the files are.
        told = 0;
        File.Delete(folder.PathTo("whole", EditingFiles.Report));
        Assert.Equal(JsonOf(whole), JsonOf(Run("whole", Division.None, EditingMethod.All)));
        Assert.Equal(1, told);

        // The same face by itself, in a shard of its own.
        IReadOnlyList<EditingMethod> some = EditingMethod.Parse("ddim,rex-sde,cycle-diffusion");
        Run("first", new Division(new Shard(1, 2)), some);
        Run("second", new Division(new Shard(2, 2)), some);
        var merged = new EditingFolder(folder.PathTo("merged"));
        var merge = new EvaluationMerge<EditingResult>(path => new EditingFolder(path));
        EditingReport together = EditingFiles.Write(merged, merge.Run([folder.PathTo("first"), folder.PathTo("second")], merged, default));
        foreach (EditingSummary summary in together.Methods)
        {
            EditingSummary same = whole.Methods.Single(m => m.Method == summary.Method);

            // Sums of batches of one and of two, in 32 bits.
            Assert.Equal(same.Outside.Mean, summary.Outside.Mean, 1e-4);
            Assert.Equal(same.ClipScore.Mean, summary.ClipScore.Mean, 1e-4);
        }

        // Another scale is another study.
        var other = new EditingRun(pipeline, measures, new EditingSettings(2, 2), new EditingFolder(folder.PathTo("whole")), progress: null);
        Assert.Contains("editScale", Assert.Throws<InvalidDataException>(() => other.Begin(Division.None, some, [Steps], 2)).Message);

        EditingReport Run(string name, Division division, IReadOnlyList<EditingMethod> methods)
        {
            var results = new EditingFolder(folder.PathTo(name));
            var run = new EditingRun(pipeline, measures, Settings, results, new Counting(() => told++));
            (EvaluationContents contents, WorkItems items) = run.Begin(division, methods, [Steps], faces: 2);
            run.Run(items, methods, [Steps], batchSize: 2, default);
            EditingReport report = EditingFiles.Write(results, contents);
            Assert.All(EditingFiles.All, file => Assert.True(new FileInfo(folder.PathTo(name, file)).Length > 0, file));
            return report;
        }
    }

    [Fact]
    public void Cancelled_KeepsWhatIsFinished()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(TinyTextModel.Write(folder.PathTo("model")));
        using var embedded = new EmbeddedModel();
        using TextLikeness likeness = TextLikeness.Of(pipeline);
        var measures = new EditingMeasures(embedded, likeness);
        using var source = new CancellationTokenSource();
        var results = new EditingFolder(folder.PathTo("results"));
        IReadOnlyList<EditingMethod> methods = EditingMethod.Parse("ddim,rex-euler");
        var run = new EditingRun(pipeline, measures, Settings, results, new Stopping("Rex(Euler)", source));
        WorkItems items = run.Begin(Division.None, methods, [Steps], faces: 1).Items;
        Assert.Throws<OperationCanceledException>(() => run.Run(items, methods, [Steps], 1, source.Token));
        Assert.Equal(["ddim"], results.Results().Select(r => r.Name));
    }

    [Fact]
    public void UnknownMethod_IsNamed()
    {
        string message = Assert.Throws<InputException>(() => EditingMethod.Parse("ddim,rex")).Message;
        Assert.Contains("rex-euler", message, StringComparison.Ordinal);
    }

    private static string JsonOf(EditingReport report) => Costate.Faces.Reports.JsonReport.Text(report with { Methods = [.. report.Methods] });

    private sealed class Counting(Action tell) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => tell();
    }

    private sealed class Stopping(string label, CancellationTokenSource source) : IProgress<StageProgress>
    {
        public void Report(StageProgress value)
        {
            if (value.Note?.Contains(label, StringComparison.Ordinal) == true)
            {
                source.Cancel();
            }
        }
    }
}
