using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>How well a sample fits the standard normal law.</summary>
internal static class KolmogorovSmirnov
{
    /// <summary>
    /// The probability of a distance to the normal distribution at least as large, from its asymptotic law with Stephens' correction.
    /// </summary>
    public static double NormalPValue(IReadOnlyCollection<double> values)
    {
        using var scope = NewDisposeScope();
        double n = values.Count;
        Tensor sorted = tensor(values.Order().ToArray());
        Tensor probability = (1 + (sorted / Math.Sqrt(2)).erf()) / 2;
        Tensor rank = arange(0, n, dtype: ScalarType.Float64);
        double distance = maximum(probability - (rank / n), ((rank + 1) / n) - probability).max().item<double>();
        double scaled = (Math.Sqrt(n) + 0.12 + (0.11 / Math.Sqrt(n))) * distance;
        double sum = Enumerable.Range(1, 100).Sum(k => (k % 2 == 1 ? 2 : -2) * Math.Exp(-2 * k * k * scaled * scaled));

        // The series does not converge for tiny distances, where the probability is 1.
        return scaled < 0.2 ? 1 : Math.Clamp(sum, 0, 1);
    }
}
