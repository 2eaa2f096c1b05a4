using ScottPlot;
using ScottPlot.TickGenerators;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Tests.Plots;

public sealed class PlotStyleTests
{
    [Theory]
    [InlineData(-2.7, -2.1, "0.002", "0.003", "0.005", "0.007")]
    [InlineData(-0.4, 0.2, "0.5", "0.7", "1")]
    [InlineData(0.1, 1.9, "2", "3", "5", "7", "10", "20", "30", "50", "70")]
    public void AxisOfFewerThanTwoPowers_HasNumbersBetween(double low, double high, params string[] labels)
    {
        var ticks = Assert.IsType<NumericManual>(PlotStyle.PowersOfTen(low, high));
        ticks.Regenerate(new CoordinateRange(low, high), Edge.Left, 500, Paint.NewDisposablePaint(), new LabelStyle());
        Assert.Equal(labels, ticks.Ticks.Where(t => t.IsMajor).Select(t => t.Label));
    }

    [Theory]
    [InlineData(-4.2, -1.1)]
    [InlineData(-1.05, 0.05)]
    public void AxisOfTwoPowersOrMore_HasThem(double low, double high) => Assert.IsType<NumericAutomatic>(PlotStyle.PowersOfTen(low, high));
}
