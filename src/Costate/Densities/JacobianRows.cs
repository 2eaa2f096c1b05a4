using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The Jacobian of a sampler's map, row by row: each is a cotangent pulled back through the exact discrete adjoint, one copy of the item
/// for each. Exact to rounding for any deterministic solver.
/// </summary>
internal static class JacobianRows
{
    /// <summary>The most rows: a Jacobian of more is better probed.</summary>
    internal const int MaxDimension = 1024;

    /// <summary>
    /// The sample of each item, the logarithm of the determinant's size and its sign, [batch] in 64 bits, in the caller's dispose scope,
    /// and what they cost.
    /// </summary>
    internal static (Tensor Sample, Tensor LogDeterminant, Tensor Sign, GradientCost Cost) Determinant(
        SamplingRun run, Subspace? subspace, long budget, string start)
    {
        using DisposeScope scope = NewDisposeScope();
        (int batch, int dimension) = (checked((int)run.Start.shape[0]), Dimension(run.Start, subspace, start));
        List<Tensor> samples = [], rows = [];
        var copied = new CopiedItems(run, dimension, budget, run.Table.EvaluatedRows.Count);
        GradientCost cost = copied.ForEach((wide, numbers, first) =>
        {
            Tensor directions = numbers.mul(-dimension).add(arange(first, first + numbers.shape[0], ScalarType.Int64, numbers.device));
            using GradientTape tape = GradientMethod.Discrete().Record(wide);
            Tensor all = subspace?.Basis(tape.Sample) ?? eye(dimension, dtype: tape.Sample.dtype, device: tape.Sample.device);
            Tensor row = tape.PullBack(all.index_select(0, directions).reshape(tape.Sample.shape)).Start.reshape(numbers.shape[0], -1);
            rows.Add((subspace is null ? row : row.mm(all.t())).to(ScalarType.Float64).MoveToOuterDisposeScope());
            samples.Add(tape.Sample.clone().MoveToOuterDisposeScope());
        });
        Tensor copies = cat(samples, 0).reshape([batch, dimension, .. run.Start.shape[1..]]);
        Tensor sample = copies.select(1, 0).clone();
        CheckCopies(copies, sample, run);

        // A network in 32 bits leaves it by its rounding, in whatever precision states are carried.
        subspace?.CheckSample(sample.to(run.NetworkType));
        (Tensor sign, Tensor logDeterminant) = linalg.slogdet(cat(rows, 0).reshape(batch, dimension, dimension));
        CheckRegular(logDeterminant);
        return (
            run.ToCaller(sample).MoveToOuterDisposeScope(),
            logDeterminant.MoveToOuterDisposeScope(),
            sign.MoveToOuterDisposeScope(),
            cost);
    }

    private static int Dimension(Tensor x, Subspace? subspace, string name)
    {
        long dimension = subspace?.Dimension ?? (x.numel() / x.shape[0]);
        return dimension <= MaxDimension
            ? (int)dimension
            : throw new InputException(
                name,
                $"{dimension} numbers an item",
                $"at most {MaxDimension}, each of which takes a row of the Jacobian",
                $"For the likelihood of data set {nameof(LikelihoodOptions)}.{nameof(LikelihoodOptions.Probes)}; weights need the exact "
                    + "determinant, since a probe's error enters their exponent.");
    }

    // Copies of an item in one batch differ by rounding alone, unless the network draws or knows its neighbours.
    private static void CheckCopies(Tensor copies, Tensor sample, SamplingRun run)
    {
        double allowed = run.NetworkType switch { ScalarType.Float64 => 1e-9, ScalarType.Float32 => 1e-3, _ => 5e-2 };
        double difference = (copies - sample.unsqueeze(1)).abs().max().ToDouble();
        if (!(difference <= allowed * sample.abs().max().ToDouble()))
        {
            throw new InvalidOperationException(
                FormattableString.Invariant($"Copies of an item gave samples that differ by {difference:G3}: ")
                    + "the network draws random numbers, or an item depends on its neighbours, so its samples have no density. "
                    + "Put its module into evaluation mode.");
        }
    }

    private static void CheckRegular(Tensor logDeterminant)
    {
        double[] values = logDeterminant.cpu().data<double>().ToArray();
        int singular = Array.FindIndex(values, value => !double.IsFinite(value));
        if (singular >= 0)
        {
            throw new InvalidOperationException(
                $"The determinant of the sampler's map is {(double.IsNegativeInfinity(values[singular]) ? "0" : "no number")} for item "
                    + $"{singular}: its samples fill less than a volume and have no density. A network that answers the same for all "
                    + "states does that on a grid to time 0; end the grid before, or give the subspace that the samples fill.");
        }
    }
}
