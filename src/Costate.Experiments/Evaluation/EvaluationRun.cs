using System.Diagnostics;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Evaluation;

/// <summary>Runs methods on the pairs of a shard, several pairs at a time; what is in the folder is not computed again.</summary>
internal sealed class EvaluationRun(
    FaceModel model,
    EvaluationSettings settings,
    EvaluationFolder folder,
    int batchSize,
    IProgress<StageProgress>? progress)
{
    private readonly MethodRunner runner = new(model, settings);

    /// <summary>Makes sure that methods can run.</summary>
    /// <exception cref="InputException">One cannot.</exception>
    internal void Check(IEnumerable<EvaluatedMethod> methods)
    {
        foreach (EvaluatedMethod method in methods)
        {
            runner.Check(method);
        }
    }

    /// <summary>Begins the folder, or goes on with one of the same contents.</summary>
    /// <param name="division">Which of the pairs.</param>
    /// <param name="methods">What is compared.</param>
    /// <param name="pairs">How many pairs all shards have.</param>
    /// <exception cref="InvalidDataException">The folder has another study.</exception>
    internal (EvaluationContents Contents, WorkItems Items) Begin(Division division, IReadOnlyList<EvaluatedMethod> methods, int pairs)
    {
        var wanted = new EvaluationContents
        {
            Settings = settings.Describe(ModelAnswers.Describe(model)),
            Shard = division.Shard.ToString(),
            Methods = methods.ToDictionary(m => m.Name, _ => pairs),
        };
        return folder.Begin(wanted, division);
    }

    /// <summary>Computes what is missing.</summary>
    /// <param name="items">Those to compute.</param>
    /// <param name="pairs">All pairs, of all parts.</param>
    /// <param name="methods">What to run.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation; results so far stay.</param>
    internal void Run(
        WorkItems items, IReadOnlyList<SimilarPair> pairs, IReadOnlyList<EvaluatedMethod> methods, CancellationToken cancellationToken)
    {
        int missing = folder.Missing(items.Left, [.. methods.Select(m => m.Name)]).Count();
        progress?.Report(
            new StageProgress(
                "evaluating",
                0,
                Announcement: $"{items.Total} pairs, {methods.Count} methods: {(items.Total * methods.Count) - missing} results are "
                    + $"there, {missing} to compute."));
        foreach (int[] group in items.Groups(batchSize, cancellationToken))
        {
            Run(items, [.. group.Select(item => pairs[item])], methods, cancellationToken);
        }
    }

    private void Run(WorkItems items, SimilarPair[] group, IReadOnlyList<EvaluatedMethod> methods, CancellationToken cancellationToken)
    {
        (SimilarPair[] Pairs, EvaluatedMethod[] Methods)[] work = Missing(group, methods);
        double total = Math.Max(1, work.Sum(Work)), done = 0;
        var encoding = new SharedEncoding(folder, runner, settings);
        foreach ((SimilarPair[] part, EvaluatedMethod[] partMethods) in work)
        {
            using var batch = new PairBatch(model, part, settings.Probes, cancellationToken);
            if (partMethods.Any(m => m.SharesEncoding))
            {
                batch.Ends = encoding.Of(batch, share => Tell(done + (share * EncodingWork * part.Length), "encoding"), cancellationToken);
                done += EncodingWork * part.Length;
            }

            foreach (EvaluatedMethod method in partMethods)
            {
                double its = method.Work(settings) * part.Length;
                Add(method, batch, share => Tell(done + (share * its), $"pair {part[0].Index + 1}, {method.Label}"), cancellationToken);
                done += its;
            }
        }

        void Tell(double work, string note) =>
            progress?.Report(new StageProgress("evaluating", items.Share(work / total, group.Length), note));
    }

    private double EncodingWork => 2.0 * settings.EncodingSteps;

    private double Work((SimilarPair[] Pairs, EvaluatedMethod[] Methods) part) =>
        part.Pairs.Length * (part.Methods.Sum(m => m.Work(settings)) + (part.Methods.Any(m => m.SharesEncoding) ? EncodingWork : 0));

    // Pairs of a group that miss the same methods go together.
    private (SimilarPair[] Pairs, EvaluatedMethod[] Methods)[] Missing(SimilarPair[] group, IReadOnlyList<EvaluatedMethod> methods) =>
    [
        .. group.Select(pair => (Pair: pair, Methods: methods.Where(m => !folder.Has(pair.Index, m.Name)).ToArray()))
            .Where(p => p.Methods.Length > 0)
            .GroupBy(p => string.Join(' ', p.Methods.Select(m => m.Name)))
            .Select(g => (g.Select(p => p.Pair).ToArray(), g.First().Methods)),
    ];

    private void Add(EvaluatedMethod method, PairBatch batch, Action<double> progress, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        long began = Stopwatch.GetTimestamp();
        MethodOutcome outcome = runner.Run(method, batch, progress, cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds / batch.Pairs.Count;
        IReadOnlyList<IReadOnlyList<PairSimilarity>> judged = batch.Judge(outcome.Morphs);
        foreach ((int i, SimilarPair pair) in batch.Pairs.Index())
        {
            var result = new PairResult
            {
                Pair = pair.Index,
                A = pair.A,
                B = pair.B,
                PairSimilarity = pair.Similarity,
                Method = method.Name,
                Loss = outcome.Best[i],
                Losses = outcome.Losses[i],
                Cost = new PairCost(
                    outcome.EncodingEvaluations,
                    outcome.Cost.NetworkEvaluations,
                    outcome.Cost.VectorJacobianProducts,
                    Math.Round(seconds, 4)),
                Recognisers = judged[i],
            };
            folder.Add(result, outcome.Morphs[i]);
        }
    }
}
