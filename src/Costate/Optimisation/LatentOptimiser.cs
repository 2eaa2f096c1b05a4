using static TorchSharp.torch;

namespace Costate;

/// <summary>How a <see cref="LatentOptimisation"/> steps. A value; what an optimiser remembers belongs to the run, item by item.</summary>
public abstract class LatentOptimiser
{
    private protected LatentOptimiser()
    {
    }

    /// <summary>Plain gradient descent, as AdjointDEIS and DOODL publish it: <c>v = momentum v + clip(rate g)</c>, <c>x -= v</c>.</summary>
    /// <param name="momentum">In [0, 1). The default value is 0.</param>
    /// <param name="clip">The most that the gradient of one iteration moves an entry (before momentum); null (the default) for no
    /// limit.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static LatentOptimiser GradientDescent(double momentum = 0, double? clip = null)
    {
        InRange(momentum, momentum is >= 0 and < 1, nameof(momentum), "in [0, 1)");
        InRange(clip ?? 1, clip is null or > 0, nameof(clip), "positive");
        return new Descent(momentum, clip);
    }

    /// <summary>Adam (Kingma and Ba 2015), with corrected moments.</summary>
    /// <param name="beta1">Decay of the mean, in [0, 1). The default value is 0.9.</param>
    /// <param name="beta2">Decay of the mean square, in [0, 1). The default value is 0.999.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static LatentOptimiser Adam(double beta1 = 0.9, double beta2 = 0.999)
    {
        InRange(beta1, beta1 is >= 0 and < 1, nameof(beta1), "in [0, 1)");
        InRange(beta2, beta2 is >= 0 and < 1, nameof(beta2), "in [0, 1)");
        return new AdamOptimiser(beta1, beta2);
    }

    /// <summary>
    /// L-BFGS (Liu and Nocedal 1989), each item with its own memory and its own line search for the weak Wolfe conditions (bisection;
    /// Lewis and Overton 2013). One iteration is one trial point.
    /// </summary>
    /// <remarks>
    /// Rates of learning serve as the metric: variables are measured in the root of their rate, and the first trial is at most
    /// as long as that root. Where all rates are equal they matter to the first trial alone. Not for noise injection.
    /// </remarks>
    /// <param name="memory">Pairs of differences kept, at least 1. The default value is 10.</param>
    /// <param name="trials">Trial points of a line search, at least 1; after them it begins anew without memory. The default value is
    /// 20.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static LatentOptimiser LimitedMemoryBfgs(int memory = 10, int trials = 20)
    {
        InRange(memory, memory >= 1, nameof(memory), "at least 1");
        InRange(trials, trials >= 1, nameof(trials), "at least 1");
        return new LimitedMemory(memory, trials);
    }

    /// <summary>
    /// Gauss-Newton with conjugate gradients: each step solves <c>J' L'' J p = -g</c> along the linearised sampler, as far as a few
    /// products go, and halves p until the loss falls. For losses of least squares, and others that are convex in the sample.
    /// </summary>
    /// <remarks>
    /// An iteration is one trial point; where a new step begins, each product costs two evaluations of the network with a graph for each of
    /// a sample (see <see cref="Sampler.Hessian"/>), for the whole batch at once. Few iterations where the loss is badly scaled, which is
    /// what the products cure; where it is not, L-BFGS needs fewer evaluations. Rates of learning serve as the metric, as in
    /// <see cref="LimitedMemoryBfgs"/>: where the loss leaves a choice, the step is short in it. Not for noise injection or parameters. The
    /// network and the loss must be differentiable twice.
    /// </remarks>
    /// <param name="products">Products of a step at most, at least 1. The default value is 10.</param>
    /// <param name="tolerance">A step is solved for once its residual is this part of the gradient, in (0, 1). The default value is
    /// 1e-8, so that a badly scaled problem is solved as far as the products go.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static LatentOptimiser GaussNewton(int products = 10, double tolerance = 1e-8)
    {
        InRange(products, products >= 1, nameof(products), "at least 1");
        InRange(tolerance, tolerance is > 0 and < 1, nameof(tolerance), "in (0, 1)");
        return new CurvedSteps(products, tolerance);
    }

    /// <summary>Whether its steps depend on the point that it asked for, so that nothing else may move it.</summary>
    internal virtual bool SearchesLines => false;

    /// <summary>Whether it needs products with second derivatives, which the parameters have none of.</summary>
    internal virtual bool UsesCurvature => false;

    /// <summary>A new state.</summary>
    /// <param name="rates">The rate of each entry of a row, [n]. Must stay alive.</param>
    /// <param name="rows">Number of independent problems.</param>
    internal abstract OptimiserState Begin(Tensor rates, int rows);

    private static void InRange<T>(T value, bool isInRange, string name, string range)
    {
        if (!isInRange)
        {
            throw new ArgumentOutOfRangeException(name, value, $"Got {name} {value}; it must be {range}.");
        }
    }

    private sealed class Descent(double momentum, double? clip) : LatentOptimiser
    {
        public override string ToString() => FormattableString.Invariant($"GradientDescent({momentum:R}, {clip:R})");

        internal override OptimiserState Begin(Tensor rates, int rows) => new GradientDescentState(rates, momentum, clip);
    }

    private sealed class AdamOptimiser(double beta1, double beta2) : LatentOptimiser
    {
        public override string ToString() => FormattableString.Invariant($"Adam({beta1:R}, {beta2:R})");

        internal override OptimiserState Begin(Tensor rates, int rows) => new AdamState(rates, beta1, beta2);
    }

    private sealed class LimitedMemory(int memory, int trials) : LatentOptimiser
    {
        public override string ToString() => FormattableString.Invariant($"LimitedMemoryBfgs({memory}, {trials})");

        internal override bool SearchesLines => true;

        internal override OptimiserState Begin(Tensor rates, int rows) => new LimitedMemoryState(rates, rows, memory, trials);
    }

    private sealed class CurvedSteps(int products, double tolerance) : LatentOptimiser
    {
        public override string ToString() => FormattableString.Invariant($"GaussNewton({products}, {tolerance:R})");

        internal override bool SearchesLines => true;

        internal override bool UsesCurvature => true;

        internal override OptimiserState Begin(Tensor rates, int rows) => new GaussNewtonState(rates, rows, products, tolerance);
    }
}
