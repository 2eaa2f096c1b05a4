namespace Costate.Experiments.Evaluation;

/// <summary>How many of some morphs match, with Wilson's score interval (Wilson 1927) at 95 %.</summary>
/// <param name="Matched">Morphs that match.</param>
/// <param name="Total">All morphs.</param>
internal sealed record MatchRate(int Matched, int Total)
{
    // The 97.5 % quantile of the normal distribution.
    private const double Quantile = 1.959963984540054;

    /// <summary>The share, 0 of none.</summary>
    public double Rate => Total == 0 ? 0 : (double)Matched / Total;

    public double Low => Total == 0 ? 0 : Matched == 0 ? 0 : Centre - HalfWidth;

    public double High => Total == 0 || Matched == Total ? 1 : Centre + HalfWidth;

    private double Shrinkage => 1 + (Quantile * Quantile / Total);

    private double Centre => (Rate + (Quantile * Quantile / (2.0 * Total))) / Shrinkage;

    private double HalfWidth => Quantile / Shrinkage * Math.Sqrt(((Rate * (1 - Rate)) + (Quantile * Quantile / (4.0 * Total))) / Total);

    internal static MatchRate Of(IEnumerable<bool> matches)
    {
        bool[] all = [.. matches];
        return new MatchRate(all.Count(m => m), all.Length);
    }
}
