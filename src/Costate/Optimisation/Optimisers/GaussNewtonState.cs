using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Truncated Gauss-Newton on every row apart, in variables divided by the root of their rate: conjugate gradients with products that all
/// rows share, then steps that are halved until the loss of the row falls.
/// </summary>
internal sealed class GaussNewtonState : OptimiserState
{
    private const double SufficientDecrease = 1e-4;
    private const int Trials = 20;

    private readonly Tensor roots;
    private readonly int products;
    private readonly double tolerance;
    private readonly Line[] lines;

    // Where each row's line begins and where it leads, [rows, n].
    private Tensor? origin;
    private Tensor? step;

    internal GaussNewtonState(Tensor rates, int rows, int products, double tolerance)
    {
        (this.products, this.tolerance) = (products, tolerance);
        roots = rates.sqrt().DetachFromDisposeScope();
        lines = [.. Enumerable.Range(0, rows).Select(_ => new Line())];
    }

    internal override Tensor Next(
        Tensor point, double[] losses, Tensor gradient, bool[] running, Func<Tensor, Tensor>? curvature)
    {
        using DisposeScope scope = NewDisposeScope();
        bool[] begins = [.. running.Select((runs, row) => runs && lines[row].IsMetBy(losses[row]))];
        if (curvature is not null && begins.Contains(true))
        {
            Tensor mask = Column([.. begins.Select(b => b ? 1.0 : 0)], point).gt(0);
            (Tensor found, double[] slopes) = Solve(where(mask, gradient.mul(roots), zeros_like(gradient)), begins, curvature);
            Hold(ref origin, origin is null ? point.clone() : where(mask, point, origin));
            Hold(ref step, step is null ? found : where(mask, found, step));
            foreach ((int row, bool begin) in begins.Index())
            {
                lines[row] = begin ? new Line { Loss = losses[row], Slope = slopes[row], Length = 1 } : lines[row];
            }
        }

        foreach (Line line in lines.Where((_, row) => running[row] && !begins[row]))
        {
            line.Shorten();
        }

        Tensor lengths = Column([.. lines.Select(line => line.Length)], point);
        return origin!.add(step!.mul(lengths).mul(roots)).MoveToOuterDisposeScope();
    }

    internal override bool IsSettled(int row) => lines[row].IsSettled;

    public override void Dispose()
    {
        roots.Dispose();
        origin?.Dispose();
        step?.Dispose();
    }

    // Conjugate gradients (Hestenes and Stiefel 1952); a row stops where it is solved, or where the curvature is not positive.
    private (Tensor Step, double[] Slopes) Solve(Tensor gradient, bool[] begins, Func<Tensor, Tensor> curvature)
    {
        Tensor found = zeros_like(gradient), residual = gradient.neg(), direction = residual.clone();
        double[] squares = Dots(residual, residual), first = [.. squares];
        bool[] solves = [.. begins.Select((b, row) => b && squares[row] > 0)];
        for (int k = 0; k < products && solves.Contains(true); k++)
        {
            Tensor mask = Column([.. solves.Select(s => s ? 1.0 : 0)], gradient).gt(0);
            direction = where(mask, direction, zeros_like(direction));
            Tensor product = curvature(direction.mul(roots)).mul(roots);
            double[] curved = Dots(direction, product), lengths = new double[solves.Length], ratios = new double[solves.Length];
            foreach ((int row, bool solve) in solves.ToArray().Index())
            {
                // Downhill where nothing is known, at most a rate far.
                bool isFlat = !(curved[row] > 1e-14 * squares[row]);
                double downhill = k > 0 ? 0 : Math.Min(1, 1 / Math.Sqrt(squares[row]));
                lengths[row] = !solve ? 0 : isFlat ? downhill : squares[row] / curved[row];
                solves[row] = solve && !isFlat;
            }

            Tensor its = Column(lengths, gradient);
            found = found.add(direction.mul(its));
            residual = residual.sub(where(mask, product, zeros_like(product)).mul(its));
            double[] now = Dots(residual, residual);
            for (int row = 0; row < solves.Length; row++)
            {
                ratios[row] = solves[row] ? now[row] / squares[row] : 0;
                solves[row] &= now[row] > tolerance * tolerance * first[row];
            }

            squares = now;
            direction = residual.add(direction.mul(Column(ratios, gradient)));
        }

        return (found, Dots(gradient, found));
    }

    private static Tensor Column(double[] values, Tensor like) => tensor(values, device: like.device).to(like.dtype).unsqueeze(1);

    private static double[] Dots(Tensor a, Tensor b)
    {
        using DisposeScope scope = NewDisposeScope();
        return [.. a.to(ScalarType.Float64).mul(b.to(ScalarType.Float64)).sum([1L]).cpu().data<double>()];
    }

    private static void Hold(ref Tensor? field, Tensor value)
    {
        field?.Dispose();
        field = value.DetachFromDisposeScope();
    }

    /// <summary>A row's search along its step.</summary>
    private sealed class Line
    {
        private int tried;

        internal double Loss { get; init; } = double.PositiveInfinity;

        internal double Slope { get; init; }

        internal double Length { get; set; }

        /// <summary>Whether it stands where it cannot descend.</summary>
        internal bool IsSettled => (Length > 0 && !(Slope < 0)) || tried >= Trials;

        /// <summary>Whether a loss at the trial point is low enough for a new line; any is at the start.</summary>
        internal bool IsMetBy(double loss) => Length == 0 ? !double.IsNaN(loss) : loss <= Loss + (SufficientDecrease * Length * Slope);

        internal void Shorten()
        {
            tried++;
            Length /= 2;
        }
    }
}
