using static TorchSharp.torch;

namespace Costate;

/// <summary>PiGDM's covariance: a multiple of the identity.</summary>
internal sealed class IsotropicCovariance(double variance) : DataCovariance
{
    public override string ToString() => FormattableString.Invariant($"isotropic, data variance {variance}");

    /// <summary>The variance of the data given a state.</summary>
    internal double Given(GuidanceStep at) => variance * at.Sigma * at.Sigma / ((variance * at.Alpha * at.Alpha) + (at.Sigma * at.Sigma));

    internal override DataEstimate Estimate(PosteriorStep step, bool wantsDensity)
    {
        LinearOperator a = step.Measurement.Operator;
        using VectorJacobianProduct product = step.Run.Linearize(step.X, step.Point);
        Tensor data = step.ToData(product.Output.detach());
        Tensor residual = step.Residual(data);
        double signal = Given(step.At);
        Tensor solution = a.SolveNormal(residual, signal, step.NoiseVariance);
        Tensor cotangent = a.MapTransposed(solution).reshape(data.shape);
        Tensor score = step.Run.Pull(product, step.Point, cotangent, step.Weights.ToData).X;
        return new DataEstimate(data, score, wantsDensity ? Density(a, residual, solution, signal, step.NoiseVariance) : null);
    }

    private static Tensor Density(LinearOperator a, Tensor residual, Tensor solution, double signal, double noise) => LogNormal(
        a,
        residual,
        solution,
        a.LogDeterminantOfNormal(residual, signal, noise)
            ?? throw new InputException(
                "measurement",
                $"the operator '{a.Name}'",
                "one whose normal equations have a closed form",
                $"The density of an observation needs their determinant: give the operator by {nameof(LinearOperator)}."
                    + $"{nameof(LinearOperator.FromMatrix)}."));
}
