using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// How uncertain the data are, given a state of a run: it makes of a linear measurement a Gaussian likelihood of the state,
/// <c>p(y | x_t) = N(y; A m, A C A' + noise^2 I)</c>, with m the predicted data.
/// </summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public abstract class DataCovariance
{
    private protected DataCovariance()
    {
    }

    /// <summary>
    /// PiGDM's (Song et al. 2023): the same variance in all directions, as if the data were Gaussian of a variance v:
    /// <c>v sigma^2/(v alpha^2 + sigma^2)</c>.
    /// </summary>
    /// <remarks>
    /// v matters: data of variance 129 per number treated as of variance 1 gave evidences that are wrong by e^10 and more, and no
    /// diagnostic but the evidence itself shows it. Standardised images have 1.
    /// </remarks>
    /// <param name="variance">v, of a number of the data. The default value is 1; <see cref="VarianceOf"/> estimates it.</param>
    /// <exception cref="InputException">It is not positive and finite.</exception>
    public static DataCovariance Isotropic(double variance = 1) => variance > 0 && double.IsFinite(variance)
        ? new IsotropicCovariance(variance)
        : throw new InputException(nameof(variance), FormattableString.Invariant($"{variance}"), "positive and finite");

    /// <summary>
    /// TMPD's (Boys et al. 2023): what the network's Jacobian says, <c>sigma^2/alpha dm/dx</c>, which for a perfect network is the
    /// posterior covariance. As many vector-Jacobian products a step as the observation has numbers, at most 256.
    /// </summary>
    public static DataCovariance FromJacobian() => new JacobianCovariance();

    /// <summary>The mean variance of a number of data, over the items of a batch.</summary>
    /// <param name="data">[batch, ...], at least two items.</param>
    /// <exception cref="InputException">There is but one item.</exception>
    public static double VarianceOf(Tensor data)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data.dim() < 1 || data.shape[0] < 2)
        {
            throw new InputException(nameof(data), $"shape {Shapes.Text(data)}", "[batch, ...] with at least two items");
        }

        using DisposeScope scope = NewDisposeScope();
        return data.detach().to(ScalarType.Float64).reshape(data.shape[0], -1).var(0L, unbiased: true).mean().ToDouble();
    }

    /// <summary>What a state says of the data and of the measurement, in the caller's dispose scope.</summary>
    /// <param name="step">The state.</param>
    /// <param name="wantsDensity">Whether the logarithm of the likelihood is wanted.</param>
    internal abstract DataEstimate Estimate(PosteriorStep step, bool wantsDensity);

    /// <summary>-1/2 (r u + log det + n log 2 pi), with n the observed numbers of each item.</summary>
    internal static Tensor LogNormal(LinearOperator linearOperator, Tensor residual, Tensor solution, Tensor logDeterminant)
    {
        Tensor count = linearOperator.CountObserved(residual);
        return ItemwiseProduct.Of(residual, solution).add_(logDeterminant).AddTimes(count, Math.Log(2 * Math.PI)).Times(-0.5);
    }
}
