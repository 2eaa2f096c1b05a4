using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Evaluation;

/// <summary>Pairs of held-out people whom a recogniser tells apart, the most similar or any; nobody is in two of them.</summary>
internal static class SimilarPairs
{
    private const int Batch = 50;

    /// <summary>Chooses pairs; fewer pairs are the first of more.</summary>
    /// <param name="model">Whose recogniser chooses.</param>
    /// <param name="candidates">People to choose from.</param>
    /// <param name="pairs">How many pairs.</param>
    /// <param name="random">Whether to take people as they come, rather than the most similar.</param>
    /// <param name="cancellationToken">Looked at for each person.</param>
    internal static IReadOnlyList<SimilarPair> Choose(
        FaceModel model, int candidates, int pairs, bool random, CancellationToken cancellationToken)
    {
        if (model.PairChooser is not Recogniser chooser)
        {
            throw new InvalidDataException(
                $"The weights of {model.Model.Source} have no recogniser that chooses pairs; expected recogniser-pairs.safetensors beside "
                    + "the others.");
        }

        ulong[] identities = [.. Enumerable.Range(0, candidates).Select(i => EvaluationSettings.FirstIdentity + (ulong)i)];
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        var embeddings = new List<Tensor>();
        foreach (ulong[] part in identities.Chunk(Batch))
        {
            using DisposeScope step = NewDisposeScope();
            Tensor faces = EvaluationFaces.Stack(
                [.. part.Select(identity => (identity, 0UL))], model.Side, model.Device, cancellationToken);
            embeddings.Add(chooser.Embed(faces).to(ScalarType.Float64).cpu().MoveToOuterDisposeScope());
        }

        Tensor all = nn.functional.normalize(cat(embeddings, 0), 2, 1, 1e-12);
        double[] similarities = [.. all.mm(all.t()).contiguous().data<double>()];
        IReadOnlyList<SimilarPair> matched = random
            ? Neighbours(similarities, identities, pairs, chooser.Threshold)
            : Match(similarities, identities, pairs, chooser.Threshold, cancellationToken);
        return matched.Count == pairs
            ? matched
            : throw new InvalidDataException(
                $"Got {candidates} candidates, in which {chooser.Name} finds {matched.Count} pairs of people that it tells apart; "
                    + $"expected {pairs} pairs. Give more candidates, or fewer pairs.");
    }

    /// <summary>Takes the first and the second, the third and the fourth, and so on: identities are seeds, of which none is like the
    /// next.</summary>
    /// <inheritdoc cref="Match" path="/param"/>
    internal static IReadOnlyList<SimilarPair> Neighbours(
        double[] similarities, IReadOnlyList<ulong> identities, int pairs, double limit) =>
    [
        .. identities.Chunk(2)
            .Index()
            .Where(two => two.Item.Length == 2)
            .Select(two => (two.Item, Similarity: similarities[(2 * two.Index * identities.Count) + (2 * two.Index) + 1]))
            .Where(two => two.Similarity <= limit)
            .Take(pairs)
            .Select((two, index) => new SimilarPair(index, two.Item[0], two.Item[1], two.Similarity)),
    ];

    /// <summary>Takes the most similar pair, then the most similar of those who are left, and so on.</summary>
    /// <param name="similarities">[people, people], row by row.</param>
    /// <param name="identities">The people.</param>
    /// <param name="pairs">How many pairs; fewer come back where there are no more.</param>
    /// <param name="limit">Pairs above this similarity are one person to the recogniser, for whom nothing needs to be morphed.</param>
    /// <param name="cancellationToken">Looked at for each person.</param>
    internal static IReadOnlyList<SimilarPair> Match(
        double[] similarities,
        IReadOnlyList<ulong> identities,
        int pairs,
        double limit,
        CancellationToken cancellationToken = default)
    {
        int n = identities.Count;
        var order = new List<(double Similarity, int A, int B)>(n * (n - 1) / 2);
        for (int a = 0; a < n; a++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (int b = a + 1; b < n; b++)
            {
                if (similarities[(a * n) + b] <= limit)
                {
                    order.Add((similarities[(a * n) + b], a, b));
                }
            }
        }

        order.Sort((x, y) => (-x.Similarity, x.A, x.B).CompareTo((-y.Similarity, y.A, y.B)));
        bool[] taken = new bool[n];
        var matched = new List<SimilarPair>();
        foreach ((double similarity, int a, int b) in order)
        {
            if (matched.Count == pairs)
            {
                break;
            }

            if (!taken[a] && !taken[b])
            {
                taken[a] = taken[b] = true;
                matched.Add(new SimilarPair(matched.Count, identities[a], identities[b], similarity));
            }
        }

        return matched;
    }
}
