using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>What is known of a sample: <c>y = A x + noiseLevel n</c>, and the losses that measure how far a sample is from it.</summary>
/// <remarks>
/// Does not own its observation. A loss is called with the whole batch; item i of it sees item i of the observation alone.
/// </remarks>
public sealed class Measurement
{
    /// <summary>A measurement that was made.</summary>
    /// <param name="linearOperator">A.</param>
    /// <param name="observation">y, [batch, ...], or [1, ...] for one that all items share. Not copied, not disposed.</param>
    /// <param name="noiseLevel">Standard deviation of the noise in it. The default value is 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The noise level is negative or not finite.</exception>
    public Measurement(LinearOperator linearOperator, Tensor observation, double noiseLevel = 0)
    {
        ArgumentNullException.ThrowIfNull(linearOperator);
        ArgumentNullException.ThrowIfNull(observation);
        if (!(noiseLevel >= 0 && double.IsFinite(noiseLevel)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(noiseLevel),
                noiseLevel,
                $"Got noise level {noiseLevel}; it must be finite and not negative.");
        }

        Finite.CheckInput(observation, nameof(observation));
        (Operator, Observation, NoiseLevel) = (linearOperator, observation, noiseLevel);
    }

    /// <summary>A.</summary>
    public LinearOperator Operator { get; }

    /// <summary>y.</summary>
    public Tensor Observation { get; }

    /// <summary>Standard deviation of the noise in y.</summary>
    public double NoiseLevel { get; }

    /// <summary>Measures a sample: noise is drawn item by item from the seed, and only where something is observed.</summary>
    /// <param name="linearOperator">A.</param>
    /// <param name="x">The sample, [batch, ...].</param>
    /// <param name="noiseLevel">Standard deviation of the noise. The default value is 0; 0.05 is usual for images in [-1, 1].</param>
    /// <param name="seed">The seed; item i draws from stream i. The default value is 0.</param>
    /// <exception cref="ArgumentException">The shape does not fit the operator.</exception>
    public static Measurement Observe(LinearOperator linearOperator, Tensor x, double noiseLevel = 0, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(linearOperator);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor y = linearOperator.Apply(x).clone();
        if (noiseLevel != 0)
        {
            y.AddTimes(linearOperator.OnObserved(StartNoise.Draw(y.shape, seed, y.dtype, y.device)), noiseLevel);
        }

        return new Measurement(linearOperator, y.MoveToOuterDisposeScope(), noiseLevel);
    }

    /// <summary>
    /// The Euclidean norm of the residual of each item, <c>|y - A x|</c>: the loss of DPS. Its gradient at 0 is taken as 0.
    /// </summary>
    /// <param name="x">A sample, [batch, ...].</param>
    /// <returns>[batch], in at least 32 bits: the squares of an image do not fit into 16.</returns>
    /// <exception cref="ArgumentException">The shape does not fit the operator or the observation.</exception>
    public Tensor Norm(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        return linalg.vector_norm(Residual(x), 2, [1L]).MoveToOuterDisposeScope();
    }

    /// <summary>The squared norm of the residual of each item, <c>|y - A x|^2</c>.</summary>
    /// <inheritdoc cref="Norm"/>
    public Tensor SquaredNorm(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        return Residual(x).square().sum([1L]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Operator}, noise {NoiseLevel}";

    /// <summary><c>y - A x</c>, [batch, ...], in the shape of an observation and in the caller's dispose scope.</summary>
    internal Tensor Difference(Tensor x)
    {
        Tensor seen = Operator.Apply(x);
        bool shared = Observation.dim() > 0 && Observation.shape[0] == 1;
        if (
            seen.dim() != Observation.dim()
            || !seen.shape.AsSpan(1).SequenceEqual(Observation.shape.AsSpan(1))
            || (seen.shape[0] != Observation.shape[0] && !shared))
        {
            throw new ArgumentException(
                $"Got an observation of shape {Shapes.Text(Observation)}, but {Operator} of a sample {Shapes.Text(x)} has shape "
                    + $"{Shapes.Text(seen)}; they must agree, or the observation have a batch of 1.",
                nameof(x));
        }

        return Observation - seen;
    }

    private Tensor Residual(Tensor x) => Difference(x).ToWorkingPrecision().reshape(x.shape[0], -1);
}
