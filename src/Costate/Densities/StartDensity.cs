using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>The law that x_T is drawn from.</summary>
/// <remarks>Immutable and safe to share between threads, as far as a function of yours is.</remarks>
public sealed class StartDensity
{
    // That of a normal start; null for a function.
    private readonly double? deviation;
    private readonly Func<Tensor, Tensor>? logDensity;

    private StartDensity(double? deviation, Func<Tensor, Tensor>? logDensity) =>
        (this.deviation, this.logDensity) = (deviation, logDensity);

    /// <summary>Independent normal numbers, as <see cref="StartNoise"/> draws them.</summary>
    /// <param name="deviation">Their standard deviation, within 1 % of sigma at the start of the grid. The default value is 1.</param>
    /// <exception cref="InputException">The deviation is not positive and finite.</exception>
    public static StartDensity Normal(double deviation = 1) => deviation > 0 && double.IsFinite(deviation)
        ? new StartDensity(deviation, null)
        : throw new InputException(nameof(deviation), FormattableString.Invariant($"{deviation}"), "positive and finite");

    /// <summary>A density of your own. It is taken at its word: nothing can tell whether x_T is drawn from it.</summary>
    /// <param name="logDensity">From x_T [batch, ...] to the logarithm of its density, [batch]; through autograd where the gradient of a
    /// likelihood is wanted. On a <see cref="Subspace"/> it is that per unit of the subspace's volume.</param>
    public static StartDensity FromFunction(Func<Tensor, Tensor> logDensity)
    {
        ArgumentNullException.ThrowIfNull(logDensity);
        return new StartDensity(null, logDensity);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        deviation is double value ? FormattableString.Invariant($"normal with deviation {value}") : "own density";

    /// <summary>Refuses a start that does not belong to the noisy end of a grid.</summary>
    internal void Check(NoiseSchedule schedule, double time)
    {
        double sigma = schedule.Sigma(time);
        if (deviation is double value && !(Math.Abs((value / sigma) - 1) <= 0.01))
        {
            throw new InputException(
                "start",
                FormattableString.Invariant($"a normal density of deviation {value:G6}"),
                FormattableString.Invariant($"within 1 % of {sigma:G6}, the noise at the start of the grid (time {time:G6})"),
                $"Pass {nameof(StartDensity)}.{nameof(Normal)}(sigma) for x_T = sigma n; where x_T holds a signal, give its density with "
                    + $"{nameof(FromFunction)}.");
        }
    }

    /// <summary>The logarithm of the density, [batch] in 64 bits, in the caller's dispose scope; autograd follows.</summary>
    internal Tensor At(Tensor x, Subspace? subspace)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor value = logDensity is null ? Normal(x, subspace) : logDensity(x).to(ScalarType.Float64);
        if (value.dim() != 1 || value.shape[0] != x.shape[0] || !Finite.Is(value.detach()))
        {
            throw new InputException(
                "start",
                value.dim() == 1 && value.shape[0] == x.shape[0] ? "NaN or infinity" : $"shape {Shapes.Text(value)}",
                $"one finite log-density for each item, [{x.shape[0]}]",
                "Where the density of x_T is 0, no weight has a meaning.");
        }

        return value.MoveToOuterDisposeScope();
    }

    private Tensor Normal(Tensor x, Subspace? subspace)
    {
        double dimension = subspace?.Dimension ?? ((double)x.numel() / x.shape[0]);
        using Scalar constant = -dimension * ((0.5 * Math.Log(2 * Math.PI)) + Math.Log(deviation!.Value));
        return x.to(ScalarType.Float64).reshape(x.shape[0], -1).square().sum([1L])
            .Times(-0.5 / (deviation.Value * deviation.Value)).add(constant);
    }
}
