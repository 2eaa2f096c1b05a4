using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class SphericalInterpolationTests
{
    [Fact]
    public void Ends_AreTheLatents_AndLengthsAreKept()
    {
        using var scope = NewDisposeScope();
        Tensor states = StartNoise.Draw([2, 3, 8, 8], 1, ScalarType.Float64);
        states[1].mul_(states[0].norm() / states[1].norm());
        Tensor second = StartNoise.Draw([2, 3, 8, 8], 2, ScalarType.Float64);
        using var both = new ReversibleNoise([states, second], null, ScalarType.Float32, new Dictionary<string, string>());
        var between = (ReversibleNoise)SphericalInterpolation.Between(both, 5);
        Assert.Equal([5, 3, 8, 8], between.States[1].shape);
        Assert.Equal(states[0].data<double>().ToArray(), between.States[0][0].data<double>().ToArray());
        Assert.Equal(states[1].data<double>().ToArray(), between.States[0][4].data<double>().ToArray());
        Assert.Equal(second[1].data<double>().ToArray(), between.States[1][4].data<double>().ToArray());
        double length = states[0].norm().item<double>();
        Assert.All(Enumerable.Range(0, 5), i => Assert.Equal(1, between.States[0][i].norm().item<double>() / length, 1e-12));

        // A straight line is about 0.7 of that in the middle.
        Assert.True(((states[0] + states[1]) / 2).norm().item<double>() < 0.8 * length);
    }

    [Fact]
    public void EqualOrOppositeLatents_GoAlongTheChord()
    {
        using var scope = NewDisposeScope();
        Tensor a = StartNoise.Draw([1, 4], 1, ScalarType.Float64)[0];
        Tensor middle = SphericalInterpolation.At(a, a, SphericalInterpolation.Angle(a, a), 0.3);
        Assert.True(middle.allclose(a));
        Assert.True(SphericalInterpolation.At(a, -a, SphericalInterpolation.Angle(a, -a), 0.5).abs().max().item<double>() < 1e-12);
        Assert.Equal(0, SphericalInterpolation.Angle(zeros(3), a[TorchSharp.torch.TensorIndex.Slice(0, 3)]));
    }

    [Fact]
    public void NoiseVectors_HaveAnglesOfTheirOwn()
    {
        using var scope = NewDisposeScope();
        Tensor vectors = StartNoise.Draw([4, 2, 5], 3, ScalarType.Float64);
        using var state = new EncodedNoise(
            StartNoise.Draw([2, 5], 4, ScalarType.Float64),
            vectors,
            ScalarType.Float64,
            new Dictionary<string, string>());
        Tensor between = ((EncodedNoise)SphericalInterpolation.Between(state, 3)).Vectors;
        Assert.Equal([4, 3, 5], between.shape);
        Assert.True(between[2, 2].allclose(vectors[2, 1]));
        Assert.Equal(
            SphericalInterpolation
                .At(vectors[1, 0], vectors[1, 1], SphericalInterpolation.Angle(vectors[1, 0], vectors[1, 1]), 0.5)
                .data<double>()
                .ToArray(),
            between[1, 1].data<double>().ToArray());
    }
}
