using Costate.Faces.Recognition;
using Costate.Faces.Training;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Recognition;

public sealed class MatchScoresTests
{
    [Fact]
    public void Pairs_AreAllOfThem()
    {
        using var scope = NewDisposeScope();
        Tensor embeddings = nn.functional.normalize(StartNoise.Draw([12, 5], 1), 2, 1);
        MatchScores scores = MatchScores.Of(embeddings, pictures: 3);
        Assert.Equal((54, 12), (scores.ImpostorPairs, scores.GenuinePairs));
        Assert.Equal(54, RecogniserEvaluation.ImpostorPairs(4, 3));

        // Every pair, one by one.
        double[][] vectors = [.. Enumerable.Range(0, 12).Select(i => embeddings[i].data<float>().Select(v => (double)v).ToArray())];
        var pairs = from i in Enumerable.Range(0, 12)
                    from j in Enumerable.Range(0, i)
                    select (Same: i / 3 == j / 3, Similarity: vectors[i].Zip(vectors[j], (a, b) => a * b).Sum());
        foreach (double threshold in (double[])[-0.5, 0.1, 0.4])
        {
            Assert.Equal(
                pairs.Where(p => !p.Same).Average(p => p.Similarity > threshold ? 1.0 : 0),
                scores.FalseMatchRate(threshold),
                1e-9);
            Assert.Equal(pairs.Where(p => p.Same).Average(p => p.Similarity > threshold ? 1.0 : 0), scores.TrueMatchRate(threshold), 1e-9);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.01)]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void Threshold_KeepsTheRate_AndIsTheLowestThatDoes(double rate)
    {
        using var scope = NewDisposeScope();

        // Few directions, so that most similarities occur many times.
        Tensor embeddings = nn.functional.normalize(StartNoise.Draw([60, 3], 2).round(), 2, 1).nan_to_num(0);
        MatchScores scores = MatchScores.Of(embeddings, pictures: 2);
        double threshold = scores.Threshold(rate);
        Assert.True(scores.FalseMatchRate(threshold) <= rate);
        Assert.True(scores.FalseMatchRate(Math.BitDecrement((float)threshold)) > rate);
    }

    [Fact]
    public void Interval_IsWilsons_WithOneIndependentPairForEachPerson()
    {
        using var scope = NewDisposeScope();

        // Two pictures of each of 20 people, alike for 18 of them.
        Tensor embeddings = zeros(40, 40);
        for (int i = 0; i < 40; i++)
        {
            embeddings[i, i < 36 ? i - (i % 2) : i] = 1;
        }

        (double lowest, double highest) = MatchScores.Of(embeddings, pictures: 2).TrueMatchRateInterval(0.5);

        // Wilson's interval of 19 in 20, less a little: a sample's variance is over 19, not 20. From the formula with 19 pairs.
        const double Z = 1.959964, N = 19, P = 0.9;
        double centre = (P + (Z * Z / (2 * N))) / (1 + (Z * Z / N));
        double half = Z / (1 + (Z * Z / N)) * Math.Sqrt((P * (1 - P) / N) + (Z * Z / (4 * N * N)));
        Assert.Equal(centre - half, lowest, 1e-6);
        Assert.Equal(centre + half, highest, 1e-6);
    }

    [Fact]
    public void Interval_WhereAllMatch_ReachesOneAndStaysBelowNothing()
    {
        using var scope = NewDisposeScope();
        Tensor embeddings = eye(50).repeat_interleave(4, 0);
        MatchScores scores = MatchScores.Of(embeddings, pictures: 4);
        Assert.Equal(1, scores.TrueMatchRate(0.5));
        (double lowest, double highest) = scores.TrueMatchRateInterval(0.5);

        // Wilson's with 50 people, not 300 pairs: 50/(50 + 1.96^2).
        Assert.Equal(50 / (50 + (1.959964 * 1.959964)), lowest, 1e-6);
        Assert.Equal(1, highest, 1e-9);
    }

    [Fact]
    public void EmbeddingsThatAreNotNumbers_AreRefused()
    {
        using var scope = NewDisposeScope();
        Tensor embeddings = eye(4);
        embeddings[2, 1] = float.NaN;
        Assert.Throws<InvalidDataException>(() => MatchScores.Of(embeddings, pictures: 2));
    }
}
