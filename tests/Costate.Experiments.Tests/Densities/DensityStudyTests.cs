using Costate.Experiments.Densities;

namespace Costate.Experiments.Tests.Densities;

public sealed class DensityStudyTests
{
    [Fact]
    public void MeanWeights_AreOne_AndThePairsDeterminantIsNot()
    {
        var study = new DensityStudy(quick: true);
        DensityPoint[] points =
        [
            .. study.Weights().Where(each => each.Name.EndsWith("20", StringComparison.Ordinal) && !each.Name.Contains("RK4"))
                .Concat(study.Paths().Where(each => each.Name.Contains("large")))
                .Select(each => each.Measure(_ => { })),
        ];
        Assert.Equal(5, points.Length);
        Assert.All(points, point => Assert.True(Math.Abs(point.Away) < 4, $"{point}"));
        Assert.True(points[2].EffectiveFraction > points[0].EffectiveFraction, "UniPC-3 beats DDIM");
        Assert.True(points.Single(point => point.PairError is not null).PairError > 5);
    }

    [Fact]
    public void Likelihood_IsBetterByRk4ThanByDdim()
    {
        LikelihoodPoint[] points =
            [.. new DensityStudy(quick: true).Likelihoods().Where(each => each.Name.Contains("DDIM") || each.Name.Contains("RK4"))
                .Select(each => each.Measure(_ => { }))];
        Assert.True(points[1].Trace < points[0].Trace / 100);
        Assert.True(points[1].Jacobian < points[0].Jacobian / 10);
    }
}
