namespace Costate.Tests;

public sealed class TimeGridTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    [Fact]
    public void InEqualLogSnr_HasTheEnds_EqualSteps_AndTimesToTellInBetween()
    {
        NoiseSchedule schedule = NoiseSchedule.VpLinear(0.1, 20);
        TimeGrid grid = TimeGrid.FromTimes([1, 0.7, 0.4, 0.1, 0.01], [999, 699, 399, 99, 9]);
        TimeGrid equal = grid.InEqualLogSnr(schedule);
        Assert.Equal((grid.Start, grid.End, grid.Steps), (equal.Start, equal.End, equal.Steps));
        double[] lambdas = [.. equal.Times.Select(schedule.HalfLogSnr)];
        double step = (lambdas[^1] - lambdas[0]) / grid.Steps;
        Assert.All(lambdas.Zip(lambdas.Skip(1)), pair => Assert.Equal(step, pair.Second - pair.First, 1e-9));
        Assert.All(equal.Times.Zip(equal.NetworkTimes), pair => Assert.Equal((1000 * pair.First) - 1, pair.Second, 1e-9));

        // Backwards it is the same points, and where an end has no log-SNR the grid stays.
        TimeGrid back = grid.Reversed().InEqualLogSnr(schedule);
        Assert.All(back.Times.Zip(equal.Times.Reverse()), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        TimeGrid clean = TimeGrid.Uniform(4, 1, 0);
        Assert.Same(clean, clean.InEqualLogSnr(schedule));
    }

    [Fact]
    public void Factories_HitTheEndsExactlyAndFall()
    {
        TimeGrid[] grids =
        [
            TimeGrid.Uniform(7), TimeGrid.Quadratic(7), TimeGrid.UniformLogSnr(Schedule, 7), TimeGrid.Karras(Schedule, 7),
        ];
        foreach (TimeGrid grid in grids)
        {
            Assert.Equal(7, grid.Steps);
            Assert.Equal(8, grid.Times.Count);
            Assert.Equal(1, grid.Start);
            Assert.Equal(1e-3, grid.End);
            Assert.False(grid.TowardsNoise);
            Assert.All(grid.Times.Zip(grid.Times.Skip(1)), pair => Assert.True(pair.Second < pair.First));
            Assert.Equal(grid.Times, grid.NetworkTimes);
        }
    }

    [Fact]
    public void UniformLogSnr_HasEqualStepsInLambda()
    {
        double[] lambdas = [.. TimeGrid.UniformLogSnr(Schedule, 10, 1, 1e-3).Times.Select(Schedule.HalfLogSnr)];
        double h = (lambdas[^1] - lambdas[0]) / 10;
        Assert.All(lambdas.Zip(lambdas.Skip(1)), pair => Assert.Equal(h, pair.Second - pair.First, 1e-10));
    }

    [Fact]
    public void Karras_FollowsItsFormula()
    {
        // sigma_i = (smax^(1/7) + i/N (smin^(1/7) - smax^(1/7)))^7, Karras et al. 2022, eq. 5.
        NoiseSchedule edm = NoiseSchedule.Edm(80);
        TimeGrid grid = TimeGrid.Karras(edm, 5, 1, 0.002 / 80);
        for (int i = 0; i <= 5; i++)
        {
            double expected = Math.Pow(Math.Pow(80, 1 / 7.0) + (i / 5.0 * (Math.Pow(0.002, 1 / 7.0) - Math.Pow(80, 1 / 7.0))), 7);
            Assert.Equal(1, edm.Sigma(grid.Times[i]) / expected, 1e-12);
        }
    }

    [Fact]
    public void Reversed_RisesAndComesBack()
    {
        TimeGrid grid = TimeGrid.FromTimes([0.9, 0.5, 0.1], [0.8, 0.4, 0.2]);
        TimeGrid reversed = grid.Reversed();
        Assert.True(reversed.TowardsNoise);
        Assert.Equal([0.1, 0.5, 0.9], reversed.Times);
        Assert.Equal([0.2, 0.4, 0.8], reversed.NetworkTimes);
        Assert.Equal(grid.Times, reversed.Reversed().Times);
    }

    [Fact]
    public void Resampled_KeepsTheEndsAndEqualStepsInLambda()
    {
        TimeGrid coarse = TimeGrid.UniformLogSnr(Schedule, 10, 1, 1e-3);
        double[] expected = [.. TimeGrid.UniformLogSnr(Schedule, 25, 1, 1e-3).Times];
        Assert.All(coarse.Resampled(Schedule, 25).Times.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-10));
        Assert.Equal(coarse.Times, coarse.Resampled(Schedule, 10).Times);
    }

    [Theory]
    [InlineData(new double[] { 0.5 }, "at least two")]
    [InlineData(new double[] { 0.5, 0.5 }, "position 1")]
    [InlineData(new double[] { 0.2, 0.5 }, "fall strictly")]
    [InlineData(new double[] { 1.5, 0.5 }, "[0, 1]")]
    [InlineData(new double[] { 0.5, -0.1 }, "[0, 1]")]
    [InlineData(new double[] { 0.5, double.NaN }, "NaN")]
    public void FromTimes_RefusesWhatIsNoGrid(double[] times, string says) =>
        Assert.Contains(says, Assert.Throws<ArgumentException>(() => TimeGrid.FromTimes(times)).Message, StringComparison.Ordinal);

    [Fact]
    public void Factories_RefuseImpossibleArguments()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => TimeGrid.Uniform(0));
        Assert.Throws<ArgumentException>(() => TimeGrid.Uniform(5, 0.1, 0.9));
        Assert.Throws<ArgumentException>(() => TimeGrid.FromTimes([1, 0.5], [1]));
        Assert.Throws<ArgumentException>(() => TimeGrid.FromTimes([1, 0.5], [1, double.NaN]));
        Assert.Contains(
            "infin",
            Assert.Throws<ArgumentException>(() => TimeGrid.UniformLogSnr(Schedule, 5, 1, 0)).Message,
            StringComparison.OrdinalIgnoreCase);
        Assert.Throws<ArgumentOutOfRangeException>(() => TimeGrid.Karras(Schedule, 5, rho: 0));
    }
}
