using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class LimitedMemoryRowTests
{
    [Fact]
    public void Bfgs_FindsTheMinimumOfAQuadratic()
    {
        using var scope = NewDisposeScope();
        var row = new LimitedMemoryRow(memory: 10, trials: 20);
        Tensor curvature = logspace(0, 3, 8, dtype: ScalarType.Float64);
        Tensor minimum = arange(8, dtype: ScalarType.Float64);
        Tensor at = zeros_like(minimum);
        int evaluations = 0;
        for (; evaluations < 200 && !row.IsSettled; evaluations++)
        {
            Tensor away = at - minimum;
            if (away.abs().max().item<double>() < 1e-9)
            {
                break;
            }

            at = row.Next(at, 0.5 * (curvature * away.square()).sum().item<double>(), curvature * away);
        }

        Assert.True((at - minimum).abs().max().item<double>() < 1e-9);

        // Descent at the best single rate would need about 1000 log(1e9)/2 steps.
        Assert.InRange(evaluations, 5, 80);
        row.Dispose();
    }
}
