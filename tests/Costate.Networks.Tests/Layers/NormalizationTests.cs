using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class NormalizationTests
{
    [Fact]
    public void Modulated_IsScaledAndShiftedForEachItem()
    {
        using var scope = NewDisposeScope();
        using GroupNorm norm = Normalization.Groups(4, 8, 1e-5);
        norm.to(ScalarType.Float64);
        using (no_grad())
        {
            norm.weight!.copy_(StartNoise.Draw([8], 1, ScalarType.Float64));
            norm.bias!.copy_(StartNoise.Draw([8], 2, ScalarType.Float64));
        }

        Tensor x = Draw(3, 3, 8, 4, 5), scale = Draw(4, 3, 8), shift = Draw(5, 3, 8), cotangent = Draw(6, 3, 8, 4, 5);
        (Tensor output, Tensor[] products) = Vjp.Take(v => Normalization.Modulated(norm, v[0], v[1], v[2]), cotangent, x, scale, shift);
        (Tensor expected, Tensor[] expectedProducts) = Vjp.Take(
            v => (norm.call(v[0]) * v[1].unsqueeze(2).unsqueeze(3)) + v[2].unsqueeze(2).unsqueeze(3), cotangent, x, scale, shift);

        // The same sums in another order, in float64.
        Near.Equal(expected, output, 1e-13);
        for (int i = 0; i < 3; i++)
        {
            Near.Equal(expectedProducts[i], products[i], 1e-12);
        }

        Near.Equal(
            output.narrow(0, 1, 1),
            Normalization.Modulated(norm, x.narrow(0, 1, 1), scale.narrow(0, 1, 1), shift.narrow(0, 1, 1)),
            1e-13);
        static Tensor Draw(ulong seed, params long[] shape) => StartNoise.Draw(shape, seed, ScalarType.Float64);
    }
}
