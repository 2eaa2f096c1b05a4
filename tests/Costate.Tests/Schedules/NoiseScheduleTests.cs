namespace Costate.Tests;

public sealed class NoiseScheduleTests
{
    private static readonly double[] TrainingBetas = [.. Enumerable.Range(0, 1000).Select(k => 1e-4 + (k * (0.02 - 1e-4) / 999))];

    private static readonly Dictionary<string, NoiseSchedule> All = new()
    {
        ["linear"] = NoiseSchedule.VpLinear(0.1, 20),
        ["linear-flat"] = NoiseSchedule.VpLinear(5, 5),
        ["scaled"] = NoiseSchedule.VpScaledLinear(0.85, 12),
        ["scaled-flat"] = NoiseSchedule.VpScaledLinear(3, 3),
        ["cosine"] = NoiseSchedule.VpCosine(),
        ["cosine-0"] = NoiseSchedule.VpCosine(0),
        ["flow"] = NoiseSchedule.RectifiedFlow(),
        ["edm"] = NoiseSchedule.Edm(80),
        ["discrete"] = NoiseSchedule.FromBetas(TrainingBetas),
        ["discrete-zero-snr"] = NoiseSchedule.FromAlphasCumprod([0.9, 0.5, 0.1, 0]),
    };

    public static TheoryData<string> Names => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void TimeAtHalfLogSnr_InvertsHalfLogSnr(string name)
    {
        NoiseSchedule schedule = All[name];
        foreach (double t in TimesOverTheDomain())
        {
            double found = schedule.TimeAtHalfLogSnr(schedule.HalfLogSnr(t));
            Assert.True(Math.Abs(found - t) <= 1e-12, $"{t:R} came back as {found:R}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TimeAtHalfLogSnr_KeepsRelativeAccuracyNearData(string name)
    {
        NoiseSchedule schedule = All[name];
        foreach (double t in new[] { 1e-4, 1e-6, 1e-9 })
        {
            // lambda itself is rounded at about 1e-15 of its value of ten or so, and t is exponential in it.
            Assert.Equal(1, schedule.TimeAtHalfLogSnr(schedule.HalfLogSnr(t)) / t, 1e-11);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Drift_IsTheDerivativeOfLogAlpha(string name)
    {
        NoiseSchedule schedule = All[name];
        foreach (double t in InteriorTimes())
        {
            double expected = Derivative(schedule.LogAlpha, t);
            // Central differences of order 4 with h = 1e-4: 1e-9 or so, relative to the size of beta.
            Assert.Equal(expected, schedule.Drift(t), 1e-7 * Math.Max(1, Math.Abs(expected)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void DiffusionSquared_FollowsFromHalfLogSnr(string name)
    {
        NoiseSchedule schedule = All[name];
        foreach (double t in InteriorTimes())
        {
            double expected = -2 * Math.Pow(schedule.Sigma(t), 2) * Derivative(schedule.HalfLogSnr, t);
            Assert.Equal(expected, schedule.DiffusionSquared(t), 1e-6 * Math.Max(1, Math.Abs(expected)));
        }
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("scaled")]
    [InlineData("cosine")]
    [InlineData("discrete")]
    public void AlphaAndSigma_PreserveVariance(string name)
    {
        NoiseSchedule schedule = All[name];
        foreach (double t in TimesOverTheDomain())
        {
            Assert.Equal(1, Math.Pow(schedule.Alpha(t), 2) + Math.Pow(schedule.Sigma(t), 2), 1e-14);
        }
    }

    [Fact]
    public void Sigma_KeepsItsDigitsNearData()
    {
        // sigma^2 = 1 - alpha^2 = beta0 t + O(t^2); the naive expression has none of these digits left.
        double t = 1e-12;
        Assert.Equal(1, Math.Pow(All["linear"].Sigma(t), 2) / (0.1 * t), 1e-9);
        Assert.NotEqual(1, (1 - Math.Pow(All["linear"].Alpha(t), 2)) / (0.1 * t), 1e-9);
    }

    [Fact]
    public void Ends_AreExact()
    {
        foreach (NoiseSchedule schedule in All.Values)
        {
            Assert.Equal(0, schedule.Sigma(0));
            Assert.Equal(1, schedule.Alpha(0));
            Assert.Equal(double.PositiveInfinity, schedule.HalfLogSnr(0));
            Assert.Equal(0, schedule.TimeAtHalfLogSnr(double.PositiveInfinity));
        }

        foreach (string name in new[] { "cosine", "flow", "discrete-zero-snr" })
        {
            Assert.Equal(0, All[name].Alpha(1));
            Assert.Equal(1, All[name].Sigma(1));
            Assert.Equal(double.NegativeInfinity, All[name].HalfLogSnr(1));
            Assert.Equal(1, All[name].TimeAtHalfLogSnr(double.NegativeInfinity));
        }
    }

    [Fact]
    public void FromBetas_HasTheCumulativeProductAtTrainingTimes()
    {
        NoiseSchedule schedule = All["discrete"];
        double product = 1;
        for (int k = 0; k < 1000; k++)
        {
            product *= 1 - TrainingBetas[k];
            Assert.Equal(product, Math.Pow(schedule.Alpha((k + 1) / 1000.0), 2), 1e-13);
        }
    }

    [Fact]
    public void FromAlphasCumprod_HasTheGivenValuesAtTrainingTimes()
    {
        // Four training steps, at t = 1/4, 1/2, 3/4 and 1; between two of them log alpha is linear.
        NoiseSchedule schedule = All["discrete-zero-snr"];
        double[] given = [0.9, 0.5, 0.1, 0];
        Assert.All(
            given.Select((value, k) => (value, k)),
            at => Assert.Equal(at.value, Math.Pow(schedule.Alpha((at.k + 1) / 4.0), 2), 1e-15));
        Assert.Equal((schedule.LogAlpha(0.25) + schedule.LogAlpha(0.5)) / 2, schedule.LogAlpha(0.375), 1e-15);
    }

    [Fact]
    public void Members_RefuseTimesOutsideTheDomain()
    {
        foreach (NoiseSchedule schedule in All.Values)
        {
            foreach (double t in new[] { -1e-9, 1 + 1e-9, double.NaN })
            {
                Assert.Contains(
                    "[0, 1]",
                    Assert.Throws<ArgumentOutOfRangeException>(() => schedule.Alpha(t)).Message,
                    StringComparison.Ordinal);
                Assert.Throws<ArgumentOutOfRangeException>(() => schedule.LogSigma(t));
                Assert.Throws<ArgumentOutOfRangeException>(() => schedule.Drift(t));
                Assert.Throws<ArgumentOutOfRangeException>(() => schedule.DiffusionSquared(t));
            }

            Assert.Throws<ArgumentOutOfRangeException>(() => schedule.TimeAtHalfLogSnr(double.NaN));
        }

        Assert.Contains(
            "-100",
            Assert.Throws<ArgumentOutOfRangeException>(() => All["linear"].TimeAtHalfLogSnr(-100)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => All["discrete"].TimeAtHalfLogSnr(-100));
        Assert.Throws<ArgumentOutOfRangeException>(() => All["edm"].TimeAtHalfLogSnr(-100));
    }

    [Fact]
    public void Factories_RefuseImpossibleParameters()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseSchedule.VpLinear(-1, 20));
        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseSchedule.VpLinear(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseSchedule.VpScaledLinear(double.NaN, 20));
        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseSchedule.VpCosine(-0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseSchedule.Edm(0));
        Assert.Contains("no values", Assert.Throws<InputException>(() => NoiseSchedule.FromBetas([])).Message, StringComparison.Ordinal);
        Assert.Contains(
            "step 1",
            Assert.Throws<InputException>(() => NoiseSchedule.FromBetas([0.1, 1.5])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "step 2",
            Assert.Throws<InputException>(() => NoiseSchedule.FromAlphasCumprod([0.9, 0.5, 0.6])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void DiscreteSchedules_HaveTheEndsThatTheyDocument()
    {
        foreach (NoiseSchedule schedule in new[] { NoiseSchedule.FromAlphasCumprod([1, 0.64, 0]), NoiseSchedule.FromBetas([0, 0.36, 1]) })
        {
            Assert.Equal((1, 0, double.PositiveInfinity), (schedule.Alpha(1 / 3.0), schedule.Sigma(1 / 3.0), schedule.HalfLogSnr(1 / 3.0)));
            Assert.Equal((1, 0, 0), (schedule.Alpha(0.2), schedule.Sigma(0.2), schedule.Drift(0.2)));
            Assert.Equal(0.8, schedule.Alpha(2 / 3.0), 1e-15);
            Assert.Equal((0, 1, double.NegativeInfinity), (schedule.Alpha(1), schedule.Sigma(1), schedule.HalfLogSnr(1)));
            Assert.Equal((0, 1), (schedule.TimeAtHalfLogSnr(double.PositiveInfinity), schedule.TimeAtHalfLogSnr(double.NegativeInfinity)));
            foreach (double time in new[] { 0.334, 0.4, 0.6, 0.7, 0.9, 0.99 })
            {
                Assert.Equal(time, schedule.TimeAtHalfLogSnr(schedule.HalfLogSnr(time)), 1e-12);
            }

            // The end is a step to clean data, as to time 0.
            SolverTable ends = Solver.DpmSolverPlusPlus(2).Tabulate(schedule, TimeGrid.FromTimes([1, 0.6, 1 / 3.0]));
            Assert.All(ends.Rows.SelectMany(row => row.States.Concat(row.Outputs)), term => Assert.True(double.IsFinite(term.Weight)));
            Assert.Equal([1], ends.Rows[2].Outputs.Select(term => term.Weight));
        }

        Assert.Equal(0.7, NoiseSchedule.FromAlphasCumprod([0]).Alpha(0.3), 1e-15);
        Assert.Contains(
            "without noise",
            Assert.Throws<InputException>(() => NoiseSchedule.FromAlphasCumprod([1])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "step 1",
            Assert.Throws<InputException>(() => NoiseSchedule.FromAlphasCumprod([1, 1, 0.5])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "step 1",
            Assert.Throws<InputException>(() => NoiseSchedule.FromBetas([0.1, 0, 0.1])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "1 at training step 0",
            Assert.Throws<InputException>(() => NoiseSchedule.FromBetas([1, 0.1])).Message,
            StringComparison.Ordinal);
        Assert.Throws<InputException>(() => NoiseSchedule.FromAlphasCumprod([1.5, 0.5]));
        Assert.Throws<InputException>(() => NoiseSchedule.FromAlphasCumprod([double.NaN]));
    }

    private static IEnumerable<double> TimesOverTheDomain() =>
        Enumerable.Range(0, 401).Select(i => i / 400.0)
            .Concat(Enumerable.Range(1, 15).Select(k => Math.Pow(10, -k)))
            .Concat(Enumerable.Range(3, 12).Select(k => 1 - Math.Pow(10, -k)));

    // Off the knots of the discrete schedules, whose derivative jumps there.
    private static IEnumerable<double> InteriorTimes() => [0.0215, 0.1115, 0.2015, 0.4105, 0.6305, 0.8105, 0.9615];

    private static double Derivative(Func<double, double> f, double t)
    {
        const double H = 1e-4;
        return ((8 * (f(t + H) - f(t - H))) - (f(t + (2 * H)) - f(t - (2 * H)))) / (12 * H);
    }
}
