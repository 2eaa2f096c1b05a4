using static TorchSharp.torch;

namespace Costate.Testing;

/// <summary>Distances between tensors.</summary>
internal static class Near
{
    /// <summary>Norm of the difference over the norm of what was expected.</summary>
    public static double Relative(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        using var noGraph = no_grad();
        return ((actual - expected).norm() / expected.norm().clamp_min(1e-300)).to(ScalarType.Float64).item<double>();
    }

    /// <summary>Equal in shape, dtype and, up to a relative tolerance, in value.</summary>
    public static void Equal(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(expected.dtype, actual.dtype);
        double distance = Relative(expected, actual);
        Assert.True(distance <= tolerance, $"relative distance {distance:E2}, allowed {tolerance:E2}");
    }

    /// <summary>
    /// Central difference of a loss of a sample along a direction of one of its inputs, which is changed in place and restored.
    /// </summary>
    public static double DirectionalDerivative(
        Func<Tensor> sample,
        Func<Tensor, Tensor> loss,
        Tensor input,
        Tensor direction,
        double step = 1e-5)
    {
        using var scope = NewDisposeScope();
        using var noGraph = no_grad();
        double Value(double shift)
        {
            input.add_(direction, shift);
            double value = loss(sample()).sum().item<double>();
            input.add_(direction, -shift);
            return value;
        }

        return (Value(step) - Value(-step)) / (2 * step);
    }
}
