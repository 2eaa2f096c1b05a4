using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces.Models;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Evaluation;

public sealed class SimilarPairsTests
{
    [Fact]
    public void Match_TakesTheMostSimilarOfThoseLeft()
    {
        double[] similarities =
        [
            1.0, 0.9, 0.8, 0.1,
            0.9, 1.0, 0.7, 0.2,
            0.8, 0.7, 1.0, 0.3,
            0.1, 0.2, 0.3, 1.0,
        ];
        IReadOnlyList<SimilarPair> pairs = SimilarPairs.Match(similarities, [10, 11, 12, 13], 2, limit: 1);
        Assert.Equal([new SimilarPair(0, 10, 11, 0.9), new SimilarPair(1, 12, 13, 0.3)], pairs);

        // Who is one person to the recogniser makes no pair.
        Assert.Equal(
            [new SimilarPair(0, 10, 12, 0.8), new SimilarPair(1, 11, 13, 0.2)],
            SimilarPairs.Match(similarities, [10, 11, 12, 13], 2, limit: 0.8));
    }

    [Fact]
    public void Choose_IsDisjointAndDeterministic_AndFewerAreTheFirst()
    {
        using var scope = NewDisposeScope();
        using FaceModel model = TinyMorphModel.Load(null);
        IReadOnlyList<SimilarPair> pairs = SimilarPairs.Choose(model, 30, 12, random: false, default);
        Assert.Equal(12, pairs.Count);
        Assert.Equal(24, pairs.SelectMany(p => (ulong[])[p.A, p.B]).Distinct().Count());
        Assert.All(pairs, p => Assert.InRange(p.A, EvaluationSettings.FirstIdentity, EvaluationSettings.FirstIdentity + 29));
        Assert.Equal(pairs.OrderByDescending(p => p.Similarity), pairs);
        Assert.Equal(pairs.Take(5), SimilarPairs.Choose(model, 30, 5, random: false, default));
    }

    [Fact]
    public void RandomPairs_AreNeighbours_ButForThoseWhoAreOnePersonToTheRecogniser()
    {
        using var scope = NewDisposeScope();
        double[] similarities = [1, 0.9, 0, 0, 0, 0.9, 1, 0, 0, 0, 0, 0, 1, 0.3, 0, 0, 0, 0.3, 1, 0, 0, 0, 0, 0, 1];
        Assert.Equal(
            [new SimilarPair(0, 12, 13, 0.3)],
            SimilarPairs.Neighbours(similarities, [10, 11, 12, 13, 14], pairs: 2, limit: 0.8));

        using FaceModel model = TinyMorphModel.Load(null);
        IReadOnlyList<SimilarPair> random = SimilarPairs.Choose(model, 30, 6, random: true, default);
        Assert.All(random, pair => Assert.Equal(pair.A + 1, pair.B));
        Assert.Equal(random.Take(3), SimilarPairs.Choose(model, 40, 3, random: true, default));
    }

    [Fact]
    public void Shards_AreDisjointAndComplete()
    {
        int[][] parts = [.. Enumerable.Range(1, 8).Select(i => Enumerable.Range(0, 100).Where(Shard.Parse($"{i}/8").Has).ToArray())];
        Assert.Equal(Enumerable.Range(0, 100), parts.SelectMany(p => p).Order());
        Assert.All((string[])["0/8", "9/8", "3", "a/b", "1/0", "1/10001"], text => Assert.Throws<InputException>(() => Shard.Parse(text)));
    }
}
