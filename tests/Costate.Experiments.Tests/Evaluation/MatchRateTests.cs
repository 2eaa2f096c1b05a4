using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Tests.Evaluation;

public sealed class MatchRateTests
{
    // Wilson 1927: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2))/(1 + z^2/n), by hand with z^2 = 3.841459.
    [Theory]
    [InlineData(50, 100, 0.403832, 0.596168)]
    [InlineData(198, 200, 0.964281, 0.997253)]
    [InlineData(1, 10, 0.017876, 0.404150)]
    public void Interval_IsWilsons(int matched, int total, double low, double high)
    {
        var rate = new MatchRate(matched, total);
        Assert.Equal((double)matched / total, rate.Rate);
        Assert.Equal(low, rate.Low, 5e-6);
        Assert.Equal(high, rate.High, 5e-6);
    }

    [Fact]
    public void Ends_AreExact()
    {
        // n/(n + z^2) and z^2/(n + z^2).
        Assert.Equal(200 / 203.841459, new MatchRate(200, 200).Low, 1e-6);
        Assert.Equal(1, new MatchRate(200, 200).High);
        Assert.Equal(0, new MatchRate(0, 200).Low);
        Assert.Equal(3.841459 / 203.841459, new MatchRate(0, 200).High, 1e-6);
        Assert.Equal((0, 0, 1), (new MatchRate(0, 0).Rate, new MatchRate(0, 0).Low, new MatchRate(0, 0).High));
    }

    [Fact]
    public void Mmpmr_CountsMorphsNearBothPeople()
    {
        PairSimilarity[] all =
        [
            new("j", true, 0.5, 0.9, 0.9, [0.1, 0.6], [0.7, 0.2]),
            new("j", true, 0.5, 0.9, 0.4, [0.9, 0.9], [0.5, 0.1]),
            new("j", true, 0.5, 0.6, 0.6, [0.6, 0.1], [0.6, 0.1]),
            new("j", true, 0.5, 0.1, 0.1, [0.4, 0.4], [0.4, 0.4]),
        ];
        JudgeSummary summary = JudgeSummary.Of(all);
        Assert.Equal(2, summary.Others.Matched);
        Assert.Equal(1, summary.One.Matched);
        Assert.Equal(2, summary.Sources.Matched);
        Assert.Equal(4, summary.Others.Total);
    }
}
