namespace Costate.Tests;

public sealed class ElementaryTests
{
    [Theory]
    [InlineData(1e-12)]
    [InlineData(-1e-12)]
    [InlineData(1e-5)]
    [InlineData(-1e-5)]
    [InlineData(1e-20)]
    public void NearZero_AgreesWithTheSeries(double x)
    {
        double series = x * (1 + (x / 2 * (1 + (x / 3 * (1 + (x / 4))))));
        Assert.Equal(1, Elementary.ExpMinusOne(x) / series, 1e-15);
        double logarithm = x * (1 - (x / 2) + (x * x / 3) - (x * x * x / 4));
        Assert.Equal(1, Elementary.LogOnePlus(x) / logarithm, 1e-15);
    }

    [Fact]
    public void FarFromZero_AndAtTheEnds_AreTheNaiveOnes()
    {
        foreach (double x in new[] { -40, -3, -0.7, 0.7, 3, 40 })
        {
            Assert.Equal(1, Elementary.ExpMinusOne(x) / (Math.Exp(x) - 1), 1e-14);
        }

        Assert.Equal(-1, Elementary.ExpMinusOne(double.NegativeInfinity));
        Assert.Equal(double.PositiveInfinity, Elementary.ExpMinusOne(double.PositiveInfinity));
        Assert.Equal(double.NegativeInfinity, Elementary.LogOnePlus(-1));
        Assert.Equal(double.PositiveInfinity, Elementary.LogOnePlus(double.PositiveInfinity));
    }
}
