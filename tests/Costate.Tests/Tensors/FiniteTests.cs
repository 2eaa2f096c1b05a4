using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests.Tensors;

public sealed class FiniteTests
{
    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void OddNumbers_AreFoundAtEveryPlace(ScalarType dtype)
    {
        // Shorter than a vector, several vectors and a rest.
        using var scope = NewDisposeScope();
        foreach (int count in (int[])[1, 3, 16, 37])
        {
            Tensor x = ones(count, dtype);
            Assert.True(Finite.Is(x));
            foreach (double odd in (double[])[double.NaN, double.PositiveInfinity, double.NegativeInfinity])
            {
                for (int i = 0; i < count; i++)
                {
                    using Tensor bad = x.clone();
                    using Scalar value = odd;
                    bad[i].fill_(value);
                    Assert.False(Finite.Is(bad), $"{odd} at {i} of {count}");
                    Assert.False(Finite.OnAnyDevice(bad));
                }
            }
        }
    }

    [Fact]
    public void LargeNumbers_WhoseSumOverflows_AreFinite()
    {
        using var scope = NewDisposeScope();
        using Scalar most = float.MaxValue;
        Tensor large = full([4, 5], most, ScalarType.Float32);
        Assert.True(Finite.Is(large) && Finite.Is(large.neg()) && Finite.Is(large.t()) && Finite.OnAnyDevice(large));
    }

    [Fact]
    public void Integers_AndNothing_AreFinite()
    {
        using var scope = NewDisposeScope();
        Assert.True(Finite.Is(arange(3)) && Finite.Is(zeros(0)) && Finite.Is(zeros(0, ScalarType.Float64)));
    }
}
