using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Places as rotations: each pair of neighbouring entries of a query or key is turned by an angle that grows with its place
/// along an
/// axis (Su et al. 2021).</summary>
internal static class Rotation
{
    private const double MaxPeriod = 10000;

    /// <summary>Cosines and sines [2, positions, 1, head width] of places.</summary>
    /// <param name="places">[positions, axes].</param>
    /// <param name="widths">How many entries of a head turn by each axis: even numbers.</param>
    /// <param name="dtype">Of the network; 32 bits or more are returned.</param>
    internal static Tensor Of(Tensor places, IReadOnlyList<int> widths, ScalarType dtype)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor wide = places.to(ScalarType.Float64);
        Tensor angles = cat([.. widths.Select((width, axis) =>
        {
            Tensor exponents = arange(0, width, 2, ScalarType.Float64, places.device).mul_(-Math.Log(MaxPeriod) / width);
            return wide[.., axis].unsqueeze(1) * exponents.exp_();
        })], 1).repeat_interleave(2, 1);
        return stack([angles.cos(), angles.sin()]).to(Precision.AtLeastSingle(dtype)).unsqueeze(2).MoveToOuterDisposeScope();
    }

    /// <summary>Queries or keys [batch, positions, heads, head width], turned.</summary>
    internal static Tensor Apply(Tensor x, Tensor rotation)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor wide = x.to(rotation.dtype), pairs = wide.unflatten(3, [-1, 2]);
        Tensor turned = stack([pairs.select(-1, 1).neg(), pairs.select(-1, 0)], -1).flatten(3);
        return addcmul(wide * rotation[0], turned, rotation[1], 1).to(x.dtype).MoveToOuterDisposeScope();
    }
}
