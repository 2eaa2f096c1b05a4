using Costate.Experiments.Gradients;

namespace Costate.Experiments.Tests.Gradients;

public sealed class LookaheadStudyTests
{
    [Fact]
    public void MoreSteps_AndLaterTimes_AreNearer()
    {
        IReadOnlyList<LookaheadPoint> points = LookaheadStudy.Run(default);
        LookaheadPoint At(int steps, double time) => points.Single(point => point.Lookahead == steps && point.Time == time);
        Assert.All(LookaheadStudy.Times.Where(time => time <= 0.5), time => Assert.True(At(16, time).Error < At(1, time).Error));
        Assert.True(At(1, 0.05).Error < At(1, 0.35).Error / 3);
        Assert.True(At(1, 0.05).Cosine > 0.99);
        Assert.True(At(16, 0.35).Cosine > At(1, 0.7).Cosine);
    }
}
