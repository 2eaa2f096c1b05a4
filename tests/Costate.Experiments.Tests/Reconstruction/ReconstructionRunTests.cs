using Costate.Experiments.Evaluation;
using Costate.Experiments.Reconstruction;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Models;
using Costate.Faces.Reports;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Reconstruction;

public sealed class ReconstructionRunTests
{
    private const int Faces = 5;

    [Fact]
    public void Parts_OfWhichOneWasKilled_JoinToWhatOneProcessFinds()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using FaceModel model = TinyMorphModel.Load(null);
        ReconstructionReport whole = Run("whole", Division.None);
        Assert.Equal(ReconstructedFace.Sources, whole.Results.Select(r => r.Noise));
        Assert.Equal(99, whole.Results[0].Psnr.Mean);
        Assert.All(whole.Results.Skip(1), r => Assert.InRange(r.Psnr.Mean, 0, 98));
        Assert.All(whole.Results, r => Assert.Equal(Faces, r.Accepted[0].Faces.Total));

        // The first is killed in its second face, of three, and goes on.
        var first = new Division(new Shard(1, 2));
        Assert.Throws<OperationCanceledException>(() => Run("first", first, stopIn: "face 3"));
        string kept = folder.PathTo("first", "faces", "0000", "other noise.json");
        DateTime written = File.GetLastWriteTimeUtc(kept);
        Assert.False(File.Exists(folder.PathTo("first", ReconstructionFiles.Report)));
        ReconstructionReport part = Run("first", first);
        Assert.Equal((3, written), (part.Faces, File.GetLastWriteTimeUtc(kept)));

        // Not joined while a part lacks something.
        var merged = new ReconstructionFolder(folder.PathTo("merged"));
        var merge = new EvaluationMerge<ReconstructedFace>(path => new ReconstructionFolder(path));
        Assert.Throws<OperationCanceledException>(() => Run("second", new Division(new Shard(2, 2)), stopIn: "face 4"));
        string[] parts = [folder.PathTo("first"), folder.PathTo("second")];
        Assert.Contains("lacks 1 faces", Assert.Throws<InvalidDataException>(() => merge.Run(parts, merged, default)).Message);
        Run("second", new Division(new Shard(2, 2)));
        ReconstructionReport joined = ReconstructionFiles.Write(merged, merge.Run(parts, merged, default));
        Assert.Equal(JsonReport.Text(whole), JsonReport.Text(joined));
        Assert.All(
            (string[])[ReconstructionFiles.Table, ReconstructionFiles.Sheet],
            file => Assert.Equal(File.ReadAllBytes(folder.PathTo("whole", file)), File.ReadAllBytes(folder.PathTo("merged", file))));
        Assert.Equal(1 + (3 * Faces), File.ReadAllLines(folder.PathTo("merged", ReconstructionFiles.Table)).Length);

        ReconstructionReport Run(string name, Division division, string? stopIn = null)
        {
            using var stop = new CancellationTokenSource();
            var kept = new ReconstructionFolder(folder.PathTo(name));
            var listener = new Listener<StageProgress>(value =>
            {
                if (stopIn is not null && value.Note == stopIn)
                {
                    stop.Cancel();
                }
            });
            var run = new ReconstructionRun(model, steps: 2, kept, listener);
            (EvaluationContents contents, WorkItems items) = run.Begin(division, Faces);
            using WorkItems held = items;
            run.Run(items, batchSize: 1, stop.Token);
            return ReconstructionFiles.Write(kept, contents);
        }
    }
}
