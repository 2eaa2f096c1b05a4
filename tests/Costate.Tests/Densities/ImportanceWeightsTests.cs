using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class ImportanceWeightsTests
{
    [Fact]
    public void Statistics_AreThoseOfTheWeights()
    {
        using var scope = NewDisposeScope();
        double[] weights = [1, 2, 0, 5];

        // Far beyond what exponentials reach.
        var result = new ImportanceWeights(tensor([.. weights.Select(w => Math.Log(w) + 1000)]));
        Assert.Equal(64.0 / 30, result.EffectiveSampleSize, 12);
        Assert.Equal(16.0 / 30, result.EffectiveFraction, 12);
        Assert.Equal(1000 + Math.Log(2), result.LogZ, 9);
        Assert.Equal(Math.Sqrt((1 + 0 + 4 + 9) / 3.0 / 4) / 2, result.LogZError, 9);
        Assert.Equal([0.125, 0.25, 0, 0.625], result.Normalized.Select(w => Math.Round(w, 12)));
        Tensor values = tensor(new double[,] { { 1, 10 }, { 2, 10 }, { 9, 9 }, { 4, 10 } });
        Near.Equal(tensor(new double[] { 0.125 + 0.5 + 2.5, 10 }), result.Mean(values), 1e-12);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    [InlineData(0.999999)]
    public void Resample_TakesEachAsOftenAsItsWeight(double uniform)
    {
        using var scope = NewDisposeScope();
        double[] weights = [0.1, 0, 0.35, 0.05, 0.5, 0];
        long[] chosen = new ImportanceWeights(tensor([.. weights.Select(w => Math.Log(w))])).Systematic(40, uniform);
        Assert.Equal(40, chosen.Length);
        Assert.Equal(chosen.Order(), chosen);
        foreach ((int sample, double weight) in weights.Index())
        {
            int count = chosen.Count(c => c == sample);
            Assert.InRange(count, Math.Floor((40 * weight) - 1e-9), Math.Ceiling((40 * weight) + 1e-9));
        }
    }

    [Fact]
    public void Resample_IsUnbiasedOverSeeds()
    {
        using var scope = NewDisposeScope();
        var weights = new ImportanceWeights(tensor(new double[] { Math.Log(0.3), Math.Log(0.7) }));
        double mean = Enumerable.Range(0, 2000).Average(seed => weights.Resample(1, (ulong)seed)[0]);

        // Four standard errors of a mean of 2000.
        Assert.InRange(mean, 0.7 - (4 * Math.Sqrt(0.21 / 2000)), 0.7 + (4 * Math.Sqrt(0.21 / 2000)));
    }

    [Fact]
    public void BadInput_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        Refuses("NaN for sample 1", () => _ = new ImportanceWeights(tensor(new double[] { 0, double.NaN })));
        Refuses("2 weights that all vanish", () => _ = new ImportanceWeights(full([2], double.NegativeInfinity, ScalarType.Float64)));
        Refuses("[samples]", () => _ = new ImportanceWeights(zeros(2, 2)));
        Refuses("none", () => _ = new ImportanceWeights(zeros(0)));
        Refuses("one for each weight", () => new ImportanceWeights(zeros(2)).Mean(zeros(3)));
        Refuses("at least 1", () => new ImportanceWeights(zeros(2)).Resample(0));
    }

    private static void Refuses(string text, Action action) => Assert.Contains(text, Assert.Throws<InputException>(action).Message);
}
