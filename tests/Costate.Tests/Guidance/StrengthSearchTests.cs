namespace Costate.Tests;

public sealed class StrengthSearchTests
{
    [Fact]
    public void Run_FindsTheBest()
    {
        int tried = 0;
        IReadOnlyList<(TfgStrengths Candidate, double Score)> found = new StrengthSearch().Run(c =>
        {
            tried++;
            return c.Smoothing > 0.3
                ? double.NaN
                : Math.Abs(Math.Log2(c.State / 2)) + Math.Abs(Math.Log2(c.Data / 8)) + Math.Abs(Math.Log2(c.Smoothing / 0.04));
        });
        Assert.Equal(new TfgStrengths(2, 8, 0.04), found[0].Candidate);
        Assert.Equal(0, found[0].Score, 1e-12);
        Assert.Equal(tried, found.Count);
        Assert.All(found, entry => Assert.True(entry.Candidate.State <= 8 && entry.Candidate.Data <= 8));
        Assert.InRange(tried, 9, 1 + 3 + (7 * 9));
        Assert.Throws<InvalidOperationException>(() => new StrengthSearch { Width = 0 }.Run(_ => 0));
    }
}
