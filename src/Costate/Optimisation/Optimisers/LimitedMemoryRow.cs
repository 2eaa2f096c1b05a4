using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// L-BFGS of one problem (Liu and Nocedal 1989), a trial point at a time: told loss and gradient at the point it asked for, it says where
/// to look next. The line search brackets a point that meets the weak Wolfe conditions and halves the bracket (Lewis and Overton 2013).
/// </summary>
internal sealed class LimitedMemoryRow(int memory, int trials) : IDisposable
{
    private const double SufficientDecrease = 1e-4;
    private const double SufficientSlope = 0.9;

    // Differences of points and of gradients, the oldest first, with the inverse of their product.
    private readonly List<(Tensor Point, Tensor Gradient, double Inverse)> pairs = [];

    private Tensor? origin;
    private Tensor? originGradient;
    private Tensor? direction;
    private double originLoss;
    private double originSlope;

    private double length;
    private double shortest;
    private double longest;
    private int tried;

    /// <summary>Whether it stands where it cannot descend.</summary>
    internal bool IsSettled { get; private set; }

    /// <summary>The next trial point, in the caller's dispose scope.</summary>
    internal Tensor Next(Tensor point, double loss, Tensor gradient)
    {
        using DisposeScope scope = NewDisposeScope();
        if (origin is null)
        {
            return Begin(point, loss, gradient).MoveToOuterDisposeScope();
        }

        double slope = Dot(gradient, direction!);
        tried++;
        bool descends = loss <= originLoss + (SufficientDecrease * length * originSlope);
        if (descends && (slope >= SufficientSlope * originSlope || tried >= trials))
        {
            Remember(point.sub(origin), gradient.sub(originGradient!));
            return Begin(point, loss, gradient).MoveToOuterDisposeScope();
        }

        if (tried >= trials)
        {
            return GiveUp().MoveToOuterDisposeScope();
        }

        (shortest, longest) = descends ? (length, longest) : (shortest, length);
        length = double.IsInfinity(longest) ? 2 * shortest : (shortest + longest) / 2;
        return Trial().MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Forget();
        foreach (Tensor? tensor in (Tensor?[])[origin, originGradient, direction])
        {
            tensor?.Dispose();
        }
    }

    // A new line from this point.
    private Tensor Begin(Tensor point, double loss, Tensor gradient)
    {
        Hold(ref origin, point.clone());
        Hold(ref originGradient, gradient.clone());
        originLoss = loss;
        Tensor towards = Descent(originGradient!);
        double slope = Dot(originGradient!, towards);
        if (!(slope < 0))
        {
            Forget();
            towards = originGradient!.neg();
            slope = -Dot(originGradient, originGradient);
        }

        Hold(ref direction, towards);
        (originSlope, shortest, longest, tried) = (slope, 0, double.PositiveInfinity, 0);

        // Nothing is known of the curvature at first: a step of length 1 at most, which is one rate.
        length = pairs.Count > 0 ? 1 : Math.Min(1, 1 / Math.Sqrt(-slope));
        IsSettled = slope == 0;
        return Trial();
    }

    // The model of the curvature misleads: without it once more from the origin, and if that does not help either, stay there.
    private Tensor GiveUp()
    {
        IsSettled = pairs.Count == 0;
        Forget();
        return IsSettled ? origin!.clone() : Begin(origin!, originLoss, originGradient!);
    }

    private Tensor Trial() => origin!.clone().AddTimes(direction!, length);

    private void Remember(Tensor step, Tensor change)
    {
        double product = Dot(step, change);

        // Against the rounding of a curvature of nothing.
        if (product <= 1e-12 * Math.Sqrt(Dot(step, step) * Dot(change, change)))
        {
            return;
        }

        pairs.Add((step.DetachFromDisposeScope(), change.DetachFromDisposeScope(), 1 / product));
        if (pairs.Count > memory)
        {
            Dispose(pairs[0]);
            pairs.RemoveAt(0);
        }
    }

    // The two-loop recursion.
    private Tensor Descent(Tensor gradient)
    {
        Tensor q = gradient.neg();
        if (pairs.Count == 0)
        {
            return q;
        }

        double[] weights = new double[pairs.Count];
        for (int i = pairs.Count - 1; i >= 0; i--)
        {
            weights[i] = pairs[i].Inverse * Dot(pairs[i].Point, q);
            q.AddTimes(pairs[i].Gradient, -weights[i]);
        }

        (_, Tensor newest, double inverse) = pairs[^1];
        q = q.Times(1 / (inverse * Dot(newest, newest)));
        for (int i = 0; i < pairs.Count; i++)
        {
            q.AddTimes(pairs[i].Point, weights[i] - (pairs[i].Inverse * Dot(pairs[i].Gradient, q)));
        }

        return q;
    }

    private void Forget()
    {
        pairs.ForEach(Dispose);
        pairs.Clear();
    }

    private static void Dispose((Tensor Point, Tensor Gradient, double Inverse) pair)
    {
        pair.Point.Dispose();
        pair.Gradient.Dispose();
    }

    private static void Hold(ref Tensor? field, Tensor value)
    {
        field?.Dispose();
        field = value.DetachFromDisposeScope();
    }

    private static double Dot(Tensor a, Tensor b)
    {
        // In 64 bits, where the squares of 32 do not overflow.
        using Tensor wide = a.to(ScalarType.Float64), other = b.to(ScalarType.Float64), product = wide.dot(other);
        return product.ToDouble();
    }
}
