namespace Costate.Networks.Tests;

/// <summary>Compares sequences of numbers, each relative to itself (or to one, if larger).</summary>
internal static class Close
{
    internal static void Equal(IEnumerable<double> expected, IEnumerable<double> actual, double tolerance = 1e-10)
    {
        double[] first = [.. expected];
        double[] second = [.. actual];
        Assert.Equal(first.Length, second.Length);
        for (int i = 0; i < first.Length; i++)
        {
            Assert.True(
                Math.Abs(first[i] - second[i]) <= tolerance * Math.Max(Math.Abs(first[i]), 1),
                $"At {i}: expected {first[i]:R}, got {second[i]:R}, in [{string.Join(", ", second.Select(value => value.ToString("G8")))}]."
            );
        }
    }
}
