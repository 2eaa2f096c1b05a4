using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>L-BFGS on every row apart, in variables divided by the root of their rate.</summary>
internal sealed class LimitedMemoryState : OptimiserState
{
    private readonly Tensor roots;
    private readonly LimitedMemoryRow[] rows;

    internal LimitedMemoryState(Tensor rates, int rows, int memory, int trials)
    {
        roots = rates.sqrt().DetachFromDisposeScope();
        this.rows = [.. Enumerable.Range(0, rows).Select(_ => new LimitedMemoryRow(memory, trials))];
    }

    internal override Tensor Next(
        Tensor point, double[] losses, Tensor gradient, bool[] running, Func<Tensor, Tensor>? curvature)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor scaledPoint, Tensor scaledGradient) = (point.div(roots), gradient.mul(roots));
        Tensor next = point.clone();
        for (int row = 0; row < rows.Length; row++)
        {
            if (running[row])
            {
                next[row].copy_(rows[row].Next(scaledPoint[row], losses[row], scaledGradient[row]).mul_(roots));
            }
        }

        return next.MoveToOuterDisposeScope();
    }

    internal override bool IsSettled(int row) => rows[row].IsSettled;

    public override void Dispose()
    {
        roots.Dispose();
        foreach (LimitedMemoryRow row in rows)
        {
            row.Dispose();
        }
    }
}
