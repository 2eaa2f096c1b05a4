using static TorchSharp.torch;

namespace Costate;

/// <summary>What an optimiser remembers during a run. Points and gradients are rows, [rows, n], each row a problem of its own.</summary>
internal abstract class OptimiserState : IDisposable
{
    /// <summary>The next point. A new tensor in the caller's dispose scope; rows that are not running may hold anything finite.</summary>
    /// <param name="point">Where the gradient was taken.</param>
    /// <param name="losses">The loss of each row.</param>
    /// <param name="gradient">The gradient; zero in rows that are not running.</param>
    /// <param name="running">Which rows are.</param>
    /// <param name="curvature">From a direction to its product with Gauss and Newton's curvature at the point, [rows, n] both; null where
    /// no row has a loss there.</param>
    internal abstract Tensor Next(
        Tensor point, double[] losses, Tensor gradient, bool[] running, Func<Tensor, Tensor>? curvature);

    /// <summary>Whether a row has nowhere better to go.</summary>
    internal virtual bool IsSettled(int row) => false;

    public abstract void Dispose();
}
