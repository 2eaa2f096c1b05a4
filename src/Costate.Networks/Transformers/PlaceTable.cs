using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Places on a grid as sines and cosines of column and row (Vaswani et al. 2017).</summary>
internal static class PlaceTable
{
    private const double MaxPeriod = 10000;

    /// <summary>[rows x columns, width] of 64 bits.</summary>
    /// <param name="rows">Rows of the grid.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="width">Width of the vectors, a multiple of 4.</param>
    /// <param name="trained">The side of the grid that the network was trained on, which larger ones are shrunk to.</param>
    /// <param name="scale">By what places are divided besides.</param>
    /// <param name="device">Where it is made.</param>
    internal static Tensor Of(long rows, long columns, int width, int trained, double scale, Device? device)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor across = Along(columns), down = Along(rows);
        return cat([across.unsqueeze(0).expand(rows, -1, -1), down.unsqueeze(1).expand(-1, columns, -1)], 2).flatten(0, 1)
            .MoveToOuterDisposeScope();

        Tensor Along(long count)
        {
            Tensor places = arange(count, ScalarType.Float64, device).mul_(trained / (count * scale));
            Tensor exponents = arange(width / 4, ScalarType.Float64, device).mul_(-4 * Math.Log(MaxPeriod) / width);
            Tensor angles = places.unsqueeze(1) * exponents.exp_();
            return cat([angles.sin(), angles.cos()], 1);
        }
    }
}
