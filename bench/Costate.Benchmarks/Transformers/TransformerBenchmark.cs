using System.Globalization;
using Costate.Benchmarks.Overhead;

namespace Costate.Benchmarks.Transformers;

/// <summary>
/// Networks of the transformers' families, and of ADM, with about 300 million parameters: what a sample and a gradient take beside
/// costate model's formula, and what a call takes beside its bare products.
/// </summary>
internal static class TransformerBenchmark
{
    private const double Gibibyte = 1 << 30;

    // Latents of 512 x 512 pixels; ADM has the pixels themselves.
    private const int Side = 64;
    private const int SideOfImages = 128;

    // Within 15 % of what was measured.
    private const double Off = 1.15;

    // Time beside bare work where what a block computes fits a cache, and beyond, and in how many turns.
    private static readonly (int Side, double Target, int Turns)[] Calls = [(16, 1.10, 21), (64, 1.25, 9)];

    internal static IEnumerable<Figure> Memory() => MiddleNetwork.Families.SelectMany(family => Costs(family.Name, family.Blocks));

    internal static IEnumerable<Figure> Time() =>
        from family in MiddleNetwork.Families
        where family.Name != "adm"
        from call in Calls
        let ratio = MeasurementProcess.KeepingFreedMemory.InLargePages.Run<InterleavedRatio>(
            nameof(TransformerMeasurement.Call), family.Name, family.Blocks, call.Side, call.Turns)
        select new Figure(
            $"{family.Name} / its products alone, latents of {call.Side} x {call.Side}",
            ratio.OfTurn(),
            call.Target,
            string.Create(
                CultureInfo.InvariantCulture,
                $"median of {ratio.OfTurns.Count} turns, half of them {ratio.OfTurn(0.25):F3} to {ratio.OfTurn(0.75):F3}; "
                    + $"{ratio.Work.TotalSeconds:F2} s / {ratio.Reference.TotalSeconds:F2} s of the processor"));

    private static IEnumerable<Figure> Costs(string family, int blocks)
    {
        double[] cost = MeasurementProcess.ReturningFreedMemory.InLargePages.Run<double[]>(
            nameof(TransformerMeasurement.Cost), family, blocks, family == "adm" ? SideOfImages : Side);
        (double peak, double parameters) = (cost[6], cost[7]);
        if (cost[2] > 0)
        {
            yield return Beside($"{family}, sample of two steps: formula off by", cost[..3]);
            yield return Beside($"{family}, gradient through them: formula off by", cost[3..6]);
        }

        yield return new Figure($"{family}, sample and gradient: peak, GiB", peak / Gibibyte, 24, string.Create(
            CultureInfo.InvariantCulture,
            $"{parameters / 1e6:F0} million parameters; sample {cost[0]:F1} s and {cost[1] / Gibibyte:F2} GiB, gradient {cost[3]:F1} s and "
                + $"{cost[4] / Gibibyte:F2} GiB above what was resident before"));
    }

    // Too much and too little count alike.
    private static Figure Beside(string name, double[] taken) => new(
        name, Math.Max(taken[1] / taken[2], taken[2] / taken[1]), Off, string.Create(
            CultureInfo.InvariantCulture,
            $"{taken[0]:F1} s on two threads; {taken[1] / Gibibyte:F3} GiB measured, {taken[2] / Gibibyte:F3} GiB told"));
}
