using Costate.Experiments.Posteriors;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Posteriors;

public sealed class PosteriorStudyTests
{
    // Prior samples weighted by the likelihood have the posterior's mean, and their mean weight is the evidence.
    [Theory]
    [InlineData(false, 2, 1)]
    [InlineData(true, 2, 1)]
    [InlineData(false, 8, 4)]
    public void Posterior_IsThatOfWeightedPriorSamples(bool isMixture, int dimension, int measured)
    {
        using var scope = NewDisposeScope();
        PosteriorProblem problem = new PosteriorBed(isMixture, dimension, measured).Problem(0);
        Tensor x = problem.Prior.Draw(40000, 0, 77);
        double variance = Math.Pow(problem.Measurement.NoiseLevel, 2);
        Tensor logLikelihood = -0.5 * ((problem.Measurement.Norm(x).square() / variance) + (measured * Math.Log(2 * Math.PI * variance)));
        var weights = new ImportanceWeights(logLikelihood);
        Assert.True(Math.Abs(weights.LogZ - problem.LogEvidence) < 4 * weights.LogZError, $"{weights.LogZ} {problem.LogEvidence}");
        Tensor exact = problem.Exact(4000, 0);

        // Four standard errors of both means.
        double error = 4 * exact.std(0).max().item<double>() * Math.Sqrt((1 / weights.EffectiveSampleSize) + (1.0 / 4000));
        Assert.True((weights.Mean(x) - exact.mean([0L])).abs().max().item<double>() < error);
    }

    [Fact]
    public void Distance_IsThatOfAShift()
    {
        using var scope = NewDisposeScope();
        PosteriorProblem problem = new PosteriorBed(true, 2, 1).Problem(1);
        Tensor set = problem.Exact(500, 0);
        Assert.Equal(0, problem.Distance(set, set));

        // The mean square of a unit vector's part along a direction is 1/2 in the plane; of 128 directions to a tenth.
        Assert.Equal(3 / Math.Sqrt(2), problem.Distance(set, set + tensor([3.0, 0.0])), 0.2);
    }

    [Fact]
    public void Particles_ComeNearer_AndTheBestStrengthStands()
    {
        var study = new PosteriorStudy(quick: true);
        PosteriorPoint[] points =
        [
            .. from each in study.Plan()
               where new[] { "exact", "TDS, covariance 64", " DPS" }.Any(each.Name.Contains)
               select each.Measure(_ => { }),
        ];
        IReadOnlyList<PosteriorSummary> summaries = PosteriorSummary.Of(points);
        PosteriorSummary Of(string method) => summaries.Single(each => each.Method == method);
        Assert.True(Of("exact score").OverFloor < Of("TDS, covariance").OverFloor);
        Assert.True(Of("TDS, covariance").OverFloor < Of("DPS").OverFloor);
        Assert.Equal(points.Where(point => point.Method == "DPS").Min(point => point.Distance), Of("DPS").Distance);
        Assert.NotNull(Of("DPS").Strength);
        Assert.NotNull(Of("TDS, covariance").LogZError);
    }
}
