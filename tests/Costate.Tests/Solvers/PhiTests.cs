namespace Costate.Tests;

public sealed class PhiTests
{
    [Fact]
    public void Of_BothBranchesAgree()
    {
        // At |z| = 1 the series hands over to the recurrence; both hold on either side.
        for (int k = 1; k <= 4; k++)
        {
            foreach (double z in new[] { -1.0, 1.0 })
            {
                double inside = Phi.Of(k, z * (1 - 1e-12));
                Assert.Equal(1, Phi.Of(k, z * (1 + 1e-12)) / inside, 1e-11);
            }
        }
    }

    [Theory]
    [InlineData(1, 0.0, 1.0)]
    [InlineData(2, 0.0, 0.5)]
    [InlineData(3, 0.0, 1.0 / 6)]
    [InlineData(4, 0.0, 1.0 / 24)]
    [InlineData(2, 1.0, 0.718281828459045)]
    [InlineData(3, -2.0, 0.1080830895954234)]
    public void Of_KnowsItsValues(int k, double z, double expected) => Assert.Equal(expected, Phi.Of(k, z), 1e-14);

    [Fact]
    public void Match_ReproducesPolynomials()
    {
        double[] nodes = [0, -0.3, -1.1, -1.7];
        double[] moments = [0.7, -0.2, 0.5, 1.9];
        double[] weights = Moments.Match(nodes, moments);
        for (int k = 0; k < 4; k++)
        {
            Assert.Equal(moments[k], weights.Zip(nodes, (w, x) => w * Math.Pow(x, k)).Sum(), 1e-13);
        }
    }
}
