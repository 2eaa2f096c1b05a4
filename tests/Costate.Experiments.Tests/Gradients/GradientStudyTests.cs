using Costate.Experiments.Gradients;

namespace Costate.Experiments.Tests.Gradients;

public sealed class GradientStudyTests
{
    private static readonly Lazy<IReadOnlyList<GradientMeasurement>> Measured = new(() =>
        GradientStudy.Run([20, 160, 320], _ => { }, default));

    // Measured before this program existed, by other code, to the digits given.
    [Theory]
    [InlineData("dpm-solver++2m/adjoint-deis-1", 20, 0.98, 0.005)]
    [InlineData("dpm-solver++2m/adjoint-deis-2", 20, 3.4, 0.05)]
    [InlineData("dpm-solver++2m/discrete", 20, 0.046, 0.0005)]
    [InlineData("dpm-solver++2m/adjoint-deis-1", 320, 0.13, 0.005)]
    [InlineData("dpm-solver++2m/adjoint-deis-2", 320, 0.0056, 0.00005)]
    [InlineData("dpm-solver++2m/discrete", 320, 0.00025, 0.000005)]
    public void StartNoiseError_IsAsKnown(string id, int steps, double expected, double digits) =>
        Assert.Equal(expected, One(id, steps).StartNoiseError, digits);

    [Theory]
    [InlineData("discrete/ddim", 1)]
    [InlineData("dpm-solver++2m/discrete", 2)]
    [InlineData("discrete/heun", 2)]
    [InlineData("discrete/deis-3", 3)]
    [InlineData("discrete/dpm-solver-3s", 3)]
    [InlineData("dpm-solver++2m/adjoint-deis-1-solved", 1)]
    [InlineData("dpm-solver++2m/adjoint-deis-2-solved", 2)]
    [InlineData("dpm-solver++2m/adjoint-deis-2-double", 2)]
    public void Order_IsThatOfTheMethod(string id, int order)
    {
        // Away from the limit at these step counts: 0.1 either side is what the study shows.
        double rate = Math.Log2(One(id, 160).StartNoiseError / One(id, 320).StartNoiseError);
        Assert.InRange(rate, order - 0.15, order + 0.2);
    }

    [Fact]
    public void ExactMethods_Agree()
    {
        GradientMeasurement discrete = One("dpm-solver++2m/discrete", 320);
        foreach (string id in (string[])["dpm-solver++2m/discrete-revolve-10", "dpm-solver++2m/unrolled"])
        {
            // The same gradient but for the order of sums: 1e-12 of the error, which is itself a difference.
            Assert.Equal(discrete.StartNoiseError, One(id, 320).StartNoiseError, 1e-12);
            Assert.Equal(discrete.ConditionError, One(id, 320).ConditionError, 1e-12);
        }
    }

    [Fact]
    public void Costs_AreThoseOfTheMethods()
    {
        Assert.Equal(640, One("dpm-solver++2m/discrete", 320).Cost.NetworkEvaluations);
        Assert.Equal(320 * 16, One("dpm-solver++2m/discrete", 320).Cost.PeakStoredBytes);
        Assert.Equal(16, One("dpm-solver++2m/adjoint-deis-1-solved", 320).Cost.PeakStoredBytes);
        Assert.True(One("dpm-solver++2m/discrete-revolve-10", 320).Cost.PeakStoredBytes < 400);
        Assert.True(One("dpm-solver++2m/discrete-revolve-10", 320).Cost.NetworkEvaluations > 640);
    }

    [Fact]
    public void Progress_RisesToOne()
    {
        var told = new List<double>();
        GradientStudy.Run([10, 20], told.Add, default);
        Assert.Equal(told.Order(), told);
        Assert.Equal(1, told[^1], 1e-9);
    }

    [Fact]
    public void Curves_HaveTheirOwnNamesAndLooks()
    {
        Assert.Equal(GradientCurve.All.Count, GradientCurve.All.Select(c => c.Id).Distinct().Count());
        foreach (IGrouping<Comparison, GradientCurve> plot in GradientCurve.All.GroupBy(c => c.Comparison))
        {
            Assert.Equal(plot.Count(), plot.Select(c => c.Look).Distinct().Count());
        }
    }

    private static GradientMeasurement One(string id, int steps) => Measured.Value.Single(m => m.Curve.Id == id && m.Steps == steps);
}
