using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Sines and cosines of a time at geometrically spaced frequencies (Ho et al. 2020, after Vaswani et al. 2017).</summary>
internal static class TimestepFeatures
{
    private const double MaxPeriod = 10000;

    /// <summary>
    /// Features [batch, width] of times [batch]: float64 for float64 times, float32 for all others, for a lower precision
    /// cannot tell neighbouring steps of a thousand apart.
    /// </summary>
    /// <param name="t">Times, [batch].</param>
    /// <param name="width">The number of features; the last is zero where it is odd.</param>
    /// <param name="cosFirst">Whether the cosines come before the sines.</param>
    /// <param name="frequencyShift">The last frequency is <c>10000^-((half - 1)/(half - shift))</c>.</param>
    internal static Tensor Of(Tensor t, int width, bool cosFirst, double frequencyShift)
    {
        using DisposeScope scope = NewDisposeScope();
        ScalarType dtype = t.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        int half = width / 2;
        Tensor exponents = arange(0, half, dtype, t.device).mul_(-Math.Log(MaxPeriod)).div_(half - frequencyShift);
        Tensor angles = t.to(dtype).unsqueeze(1) * exponents.exp_();
        List<Tensor> parts = cosFirst ? [angles.cos(), angles.sin()] : [angles.sin(), angles.cos()];
        if (width % 2 != 0)
        {
            parts.Add(zeros([t.shape[0], 1], dtype, t.device));
        }

        return cat(parts, 1).MoveToOuterDisposeScope();
    }
}
