using Costate.Experiments.Evaluation;
using Costate.Experiments.Pairs;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using Costate.Faces.Reports;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Pairs;

public sealed class PairSearchTests : IDisposable
{
    private const int Tries = 3;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    [LongProof]
    public void Parts_OfWhichOneWasKilled_JoinToWhatOneProcessFinds()
    {
        using var scope = NewDisposeScope();
        PairSearchReport whole = Run("whole", Division.None);
        Assert.Equal(Tries, whole.Tried.Count);
        Assert.True(whole.Falling > Tries, $"{whole.Falling} of {whole.Pairs}");

        // The first is killed among the beginnings, and again among the morphs, and goes on.
        var first = new Division(new Shard(1, 2));
        Assert.Throws<OperationCanceledException>(() => Run("first", first, stopIn: "beginning"));
        DateTime written = File.GetLastWriteTimeUtc(Kept("first", 0, SearchedPair.Beginning));
        Assert.Throws<OperationCanceledException>(() => Run("first", first, stopIn: "morphing"));
        Assert.False(File.Exists(folder.PathTo("first", PairSearchFiles.Report)));
        PairSearchReport part = Run("first", first);
        Assert.Equal(written, File.GetLastWriteTimeUtc(Kept("first", 0, SearchedPair.Beginning)));
        Assert.Equal((whole.Pairs + 1) / 2, part.Pairs);

        // Not joined while a part lacks something.
        var second = new Division(new Shard(2, 2));
        string[] parts = [folder.PathTo("first"), folder.PathTo("second")];
        Assert.Throws<OperationCanceledException>(() => Run("second", second, stopIn: "beginning"));
        Assert.Contains("(shard 2/2) lacks", Refused(parts));
        Assert.Throws<OperationCanceledException>(() => Run("second", second, stopIn: "morphing"));
        Assert.Contains("pairs of morph, the first of them pair", Refused(parts));
        Run("second", second);

        // Nor where something is damaged.
        string damaged = Kept("second", 1, SearchedPair.Beginning), text = File.ReadAllText(damaged);
        foreach (string wrong in (string[])["{", text.Replace("\"losses\"", "\"lossless\""), text.Replace("[", "[],\"not\": [")])
        {
            File.WriteAllText(damaged, wrong);
            Assert.Contains(damaged, Refused(parts));
        }

        File.WriteAllText(damaged, text);
        Assert.False(Directory.Exists(folder.PathTo("merged")));
        PairSearchReport joined = Merged(parts, "merged");
        Assert.Equal(JsonReport.Text(whole), JsonReport.Text(joined));
        Assert.Equal(
            File.ReadAllBytes(folder.PathTo("whole", PairSearchFiles.Sheet)),
            File.ReadAllBytes(folder.PathTo("merged", PairSearchFiles.Sheet)));

        // A picture that is gone is named, with what to remove.
        string picture = new PairSearchFolder(parts[0]).PicturePath(0, SearchedPair.Beginning);
        File.Delete(picture);
        Assert.Contains(picture, Assert.ThrowsAny<IOException>(() => Merged(parts, "without")).Message);
    }

    [Fact]
    [LongProof]
    public void TwoThatShareAFolder_AfterAThirdWasKilled_FindWhatOneProcessFinds()
    {
        using var scope = NewDisposeScope();
        PairSearchReport whole = Run("whole", Division.None);
        Division shared = Division.Parse("dynamic", name => name == LeaseTimes.Variable ? "5" : null);
        Assert.Throws<OperationCanceledException>(() => Run("shared", shared, stopIn: "morphing"));
        int[] summed = new int[2];
        Exception?[] failures = new Exception?[2];
        Thread[] both =
        [
            .. Enumerable.Range(0, 2).Select(i => new Thread(() =>
            {
                using var own = NewDisposeScope();
                failures[i] = Record.Exception(() => summed[i] = Run("shared", shared) is null ? 0 : 1);
            })),
        ];
        Array.ForEach(both, thread => thread.Start());
        Array.ForEach(both, thread => thread.Join());
        Assert.Equal([null, null], failures);
        Assert.Equal(1, summed.Sum());
        Assert.Equal(
            JsonReport.Text(whole).Split('\n'),
            File.ReadAllText(folder.PathTo("shared", PairSearchFiles.Report)).TrimEnd('\n').Split('\n'));

        // No more than those: nobody has optimised what another would choose.
        Assert.Equal(
            Tries,
            Directory.EnumerateFiles(folder.PathTo("shared"), SearchedPair.Morph + ".json", SearchOption.AllDirectories).Count());
    }

    [Fact]
    public void Settings_ThatDiffer_AreAnotherSearch()
    {
        using var scope = NewDisposeScope();
        using FaceModel model = Model();
        var kept = new PairSearchFolder(folder.FullName);
        Search(model, kept, new PairSearchPlan(2, 1, Tries), null).Begin(Division.None).Items.Dispose();
        Assert.Contains("people (there 2, now 3)", Told(new PairSearchPlan(3, 1, Tries)));
        Assert.Contains("firstIdentity (there 1, now 2)", Told(new PairSearchPlan(2, 2, Tries)));
        Assert.Contains("tries (there 3, now 4)", Told(new PairSearchPlan(2, 1, 4)));

        string Told(PairSearchPlan plan) =>
            Assert.Throws<InvalidDataException>(() => Search(model, kept, plan, null).Begin(Division.None)).Message;
    }

    [Fact]
    public void Promising_OfAWhole_AreAmongThoseOfItsParts()
    {
        // Many of the same loss, of which the number decides.
        SearchedPair[] all = [.. Enumerable.Range(0, 40).Select(i => Beginning(i, 1.0 - ((i * 7 % 10) / 20.0)))];
        int[] promising = [.. PairSearchFolder.Promising(all, 5)];
        Assert.Equal([7, 17, 27, 37, 4], promising);
        Assert.Empty(promising.Except(Enumerable.Range(1, 3).SelectMany(k =>
            PairSearchFolder.Promising(all.Where(pair => new Shard(k, 3).Has(pair.Pair)), 5))));

        // What rises, or what a judge takes for both, is none.
        Assert.Empty(PairSearchFolder.Promising([Beginning(0, 2.5), Beginning(1, 0.5) with { Blend = Blend(0.9) }], 5));
        Assert.Single(PairSearchFolder.Promising([Beginning(0, 0.5)], 5));

        static SearchedPair Beginning(int pair, double last) => new()
        {
            Pair = pair,
            A = 1,
            B = 2,
            Method = SearchedPair.Beginning,
            Blend = Blend(0.1),
            Recognisers = [],
            Losses = [3, 2, last],
            BestIteration = 2,
        };

        static MorphBlend Blend(double similarity) => new(3, [new MorphSimilarity("judge", true, 0.5, similarity, similarity, 0)]);
    }

    private string Kept(string name, int pair, string method) =>
        Path.ChangeExtension(new PairSearchFolder(folder.PathTo(name)).PicturePath(pair, method), ".json");

    private string Refused(string[] parts) => Assert.Throws<InvalidDataException>(() => Merged(parts, "merged")).Message;

    private PairSearchReport Merged(string[] parts, string name)
    {
        var merged = new PairSearchFolder(folder.PathTo(name));
        return PairSearchFiles.Write(
            merged, new EvaluationMerge<SearchedPair>(path => new PairSearchFolder(path)).Run(parts, merged, default));
    }

    // What it finds; null if another has summed up.
    private PairSearchReport Run(string name, Division division, string? stopIn = null)
    {
        using var stop = new CancellationTokenSource();
        int told = 0;
        var listener = new Listener<StageProgress>(value =>
        {
            if (value.Stage == stopIn && value.Share > 0.4 && ++told == 2)
            {
                stop.Cancel();
            }
        });
        using FaceModel model = Model();
        var kept = new PairSearchFolder(folder.PathTo(name));
        PairSearch search = Search(model, kept, new PairSearchPlan(26, 1_700_000, Tries), listener);
        (EvaluationContents contents, WorkItems items) = search.Begin(division);
        using WorkItems held = items;

        // One at a time, where sums are in the same order in any part.
        search.Run(items, batchSize: 1, stop.Token);
        PairSearchReport? report = null;
        items.Conclude(() => report = PairSearchFiles.Write(kept, contents), default);
        return report!;
    }

    private static PairSearch Search(
        FaceModel model, PairSearchFolder kept, PairSearchPlan plan, IProgress<StageProgress>? progress) =>
        new(
            model,
            new MorphSettings
            {
                SolverName = "ddim",
                Solver = Solver.Ddim(),
                GridName = "uniform-log-snr",
                Steps = 2,
                EncodingSteps = 2,
                MethodName = "discrete",
                OptimiserName = "adam",
                AdjointSteps = null,
                Trajectory = null,
                Optimisation = new LatentOptimisationOptions { Iterations = 3, StartNoiseRate = 0.02, ConditionRate = 0.02 },
                Blend = 0.5,
                Seed = 0,
            },
            plan,
            kept,
            progress);

    // Judges that refuse every blend of a formula.
    private static FaceModel Model()
    {
        FaceModel model = TinyMorphModel.OfFormula(null);
        return model with { Judges = [.. model.Judges.Select(judge => judge with { Threshold = 0.999 })] };
    }
}
