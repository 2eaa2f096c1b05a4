using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using Costate.Faces.Reports;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Pairs;

/// <summary>
/// Looks among drawn people for pairs that show what the optimisation is for: no judge takes the blend for both, all take the morph, the
/// loss falls from the start, and the morph wears nothing that neither wears. All pairs are begun; the most promising are then optimised to
/// the end. What is in the folder is not computed again.
/// </summary>
/// <param name="model">What morphs, and judges.</param>
/// <param name="settings">How.</param>
/// <param name="plan">Among whom.</param>
/// <param name="folder">Where pairs are kept.</param>
/// <param name="progress">Told of each step.</param>
internal sealed class PairSearch(
    FaceModel model, MorphSettings settings, PairSearchPlan plan, PairSearchFolder folder, IProgress<StageProgress>? progress)
{
    private readonly (ulong A, ulong B)[] pairs = Candidates(plan.Identities);
    private readonly MorphRun morphing = new(model, settings);
    private readonly MorphRun beginning = new(
        model,
        settings with
        {
            Optimisation = settings.Optimisation with
            {
                Iterations = Math.Min(SearchedPair.Falling, settings.Optimisation.Iterations),
            },
        });

    /// <summary>Begins the folder, or goes on with one of the same contents.</summary>
    /// <param name="division">Which of the pairs.</param>
    /// <exception cref="InvalidDataException">The folder has another study.</exception>
    internal (EvaluationContents Contents, WorkItems Items) Begin(Division division)
    {
        IEnumerable<(string Name, Setting? Value)> described =
        [
            .. settings.Describe(model.Model).Select(s => (s.Key, (Setting?)s.Value)),
            .. ModelAnswers.Describe(model).Select(s => (s.Key, (Setting?)s.Value)),
            .. plan.Describe(),
        ];
        var wanted = new EvaluationContents
        {
            Study = folder.Study,
            Settings = Setting.Named(described.DistinctBy(s => s.Name)),
            Shard = division.Shard.ToString(),
            Methods = new Dictionary<string, int> { [SearchedPair.Beginning] = pairs.Length },
        };
        return folder.Begin(wanted, division);
    }

    /// <summary>Computes what is missing, several pairs at a time.</summary>
    /// <param name="items">Of the pairs to begin.</param>
    /// <param name="batchSize">How many together.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation; what is finished stays.</param>
    internal void Run(WorkItems items, int batchSize, CancellationToken cancellationToken)
    {
        Tell("beginning", $"{items.Total} pairs: {items.Total - items.Left.Count} are begun, {items.Left.Count} to begin.");
        foreach (int[] group in items.Groups(batchSize, cancellationToken))
        {
            Add(SearchedPair.Beginning, beginning, group, items, features: null, cancellationToken);
        }

        // Their leases have numbers of their own, behind those of the beginnings.
        IReadOnlyList<int> promising = PairSearchFolder.Promising(folder.Results(), plan.Tries);
        int[] left = [.. promising.Where(pair => !folder.Has(pair, SearchedPair.Morph)).Select(pair => pairs.Length + pair)];
        items.TurnTo(promising.Count, left);
        Tell("morphing", $"{promising.Count} to be optimised: {promising.Count - left.Length} are there, {left.Length} to compute.");
        if (left.Length == 0)
        {
            return;
        }

        FaceFeatures features = FaceFeatures.Fit(model.Model, cancellationToken);
        IReadOnlyDictionary<string, double> accuracy = features.Accuracy(cancellationToken);
        foreach (int[] group in items.Groups(batchSize, cancellationToken))
        {
            Add(
                SearchedPair.Morph,
                morphing,
                [.. group.Select(item => item - pairs.Length)],
                items,
                (features, accuracy),
                cancellationToken);
        }

        void Tell(string stage, string announcement) =>
            progress?.Report(new StageProgress(stage, 0, Announcement: announcement));
    }

    /// <summary>A person's picture as a file.</summary>
    internal static byte[] Portrait(ulong identity, int side)
    {
        using SKBitmap portrait = DrawnFaces.Draw(identity, 0, side);
        using SKData png = portrait.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    /// <summary>
    /// All pairs who wear their hair alike, and neither of them anything in the face: what a morph then wears it has from nobody.
    /// </summary>
    internal static (ulong A, ulong B)[] Candidates(IReadOnlyList<ulong> people) =>
    [
        .. people.Where(identity => FaceFeatures.All.All(f => !f.Has(identity)))
            .GroupBy(identity => FaceIdentity.FromSeed(identity).Hair)
            .SelectMany(alike => alike.SelectMany((a, i) => alike.Skip(i + 1).Select(b => (a, b)))),
    ];

    private void Add(
        string method,
        MorphRun run,
        int[] group,
        WorkItems items,
        (FaceFeatures Look, IReadOnlyDictionary<string, double> Accuracy)? features,
        CancellationToken cancellationToken)
    {
        int[] missing = [.. group.Where(pair => !folder.Has(pair, method))];
        if (missing.Length == 0)
        {
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<MorphOutcome> outcomes = run.Run(
            [.. missing.Select(pair => (Face(pairs[pair].A), Face(pairs[pair].B)))],
            (done, loss) => progress?.Report(
                new StageProgress(
                    method == SearchedPair.Morph ? "morphing" : method,
                    items.Share(done, group.Length),
                    loss is double l ? $"loss {l:0.000}" : "")
                {
                    Loss = loss,
                }),
            cancellationToken);
        foreach ((int pair, MorphOutcome outcome) in missing.Zip(outcomes))
        {
            var searched = new SearchedPair
            {
                Pair = pair,
                A = pairs[pair].A,
                B = pairs[pair].B,
                Method = method,
                Blend = outcome.Blend,
                Recognisers = outcome.Similarities,
                Losses = outcome.Losses,
                BestIteration = outcome.BestIteration,
                Features = features?.Look.Of(outcome.Morph.unsqueeze(0), cancellationToken)[0],
                FeatureAccuracy = features?.Accuracy,
            };
            folder.Add(searched, method == SearchedPair.Morph ? outcome.Morph : outcome.Frames[0].Sample);
        }
    }

    private FacePicture Face(ulong identity) => FacePicture.Read($"{identity}", Portrait(identity, model.Side), model.Side);
}
