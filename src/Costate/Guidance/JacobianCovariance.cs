using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>TMPD's covariance: the network's Jacobian, seen through the measurement.</summary>
internal sealed class JacobianCovariance : DataCovariance
{
    private const int MaxMeasurements = 256;

    public override string ToString() => "from the Jacobian";

    internal override DataEstimate Estimate(PosteriorStep step, bool wantsDensity)
    {
        LinearOperator a = step.Measurement.Operator;
        long[] observed = step.Measurement.Observation.shape[1..];
        (long batch, long count) = (step.X.shape[0], observed.Aggregate(1L, (product, size) => product * size));
        if (count > MaxMeasurements)
        {
            throw new InputException(
                "measurement",
                $"an observation of {count} numbers",
                $"of at most {MaxMeasurements}",
                $"{nameof(FromJacobian)} takes a vector-Jacobian product for each; use {nameof(DataCovariance)}.{nameof(Isotropic)}.");
        }

        // A' e_j of each number observed, and its pull back through the network: rows of A J.
        Tensor rows = a.MapTransposed(eye(count, dtype: step.X.dtype, device: step.X.device).reshape([count, .. observed]));
        rows = rows.reshape([count, .. step.X.shape[1..]]);
        List<Tensor> predicted = [], pulled = [];
        new CopiedItems(step.Run with { Start = step.X }, (int)count, SamplerDensities.DefaultMemoryBudget, kept: 4).ForEach(
            (wide, numbers, first) =>
            {
                Tensor directions = rows.index_select(
                    0, arange(first, first + numbers.shape[0], ScalarType.Int64, numbers.device).remainder(count));
                using VectorJacobianProduct product = wide.Linearize(wide.Start, step.Point);
                Tensor row = wide.Pull(product, step.Point, directions, step.Weights.ToData).X;
                predicted.Add(product.Output.detach().clone().MoveToOuterDisposeScope());
                pulled.Add(row.MoveToOuterDisposeScope());
                step.Run.Meter.Evaluations += wide.Meter.Evaluations;
                step.Run.Meter.Products += wide.Meter.Products;
            });
        Tensor output = cat(predicted, 0).reshape([batch, count, .. step.X.shape[1..]]).select(1, 0).contiguous();
        Tensor data = step.ToData(output);
        Tensor residual = step.Residual(data);
        Tensor jacobian = cat(pulled, 0).reshape(batch, count, -1);

        // A J A', whose transpose a network's Jacobian need not equal; its eigenvalues may be 0 where nothing is observed.
        Tensor seen = jacobian.matmul(rows.reshape(count, -1).t()).Times(step.ScoreToData);
        using Scalar noise = step.NoiseVariance;
        Tensor identity = eye(count, dtype: seen.dtype, device: seen.device);
        (Tensor values, Tensor axes) = linalg.eigh((seen + seen.transpose(1, 2)).Times(0.5) + identity.mul(noise));
        using Scalar negligible = 1e-12;
        Tensor keeps = values.gt(values.amax([1L], keepdim: true).mul(negligible));
        Tensor inverse = where(keeps, values.reciprocal(), zeros_like(values));
        Tensor along = axes.transpose(1, 2).matmul(residual.reshape(batch, count, 1)) * inverse.unsqueeze(2);
        Tensor solution = axes.matmul(along);
        Tensor score = jacobian.transpose(1, 2).matmul(solution).reshape(step.X.shape);
        return new DataEstimate(data, score, wantsDensity ? Density(a, residual, solution, values, step.NoiseVariance) : null);
    }

    private static Tensor Density(LinearOperator a, Tensor residual, Tensor solution, Tensor values, double noise)
    {
        // What is not observed has the noise's variance here and counts for nothing.
        Tensor hidden = a.Observed(residual).logical_not().to(ScalarType.Float64).reshape(residual.shape[0], -1).sum([1L]);
        Tensor logDeterminant = values.to(ScalarType.Float64).log().sum([1L]);
        Tensor ofHidden = hidden.Times(noise > 0 ? Math.Log(noise) : 0);
        return LogNormal(a, residual, solution.reshape(residual.shape), logDeterminant - ofHidden);
    }
}
