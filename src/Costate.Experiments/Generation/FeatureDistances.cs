using Costate.Experiments.Guidance;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Generation;

/// <summary>How far two sets of pictures are from each other, by the features of a recogniser.</summary>
/// <param name="Frechet">Frechet distance of the normal distributions with their means and covariances (Heusel et al. 2017).</param>
/// <param name="Kernel">
/// Unbiased squared distance of means under the kernel (x y / width + 1)^3 (Binkowski et al. 2018), over subsets, with its interval.
/// </param>
internal sealed record FeatureDistances(double Frechet, MeanInterval Kernel)
{
    private const int Subsets = 20;
    private const int MaxSubset = 100;

    /// <summary>Of two sets.</summary>
    /// <param name="first">[pictures, width].</param>
    /// <param name="second">[pictures, width], at least two of each.</param>
    internal static FeatureDistances Of(Tensor first, Tensor second)
    {
        if (Math.Min(first.shape[0], second.shape[0]) < 2)
        {
            throw new InputException(
                nameof(first), $"{first.shape[0]} and {second.shape[0]} pictures", "at least 2 of each", "A distance needs their spread.");
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        (Tensor a, Tensor b) = (first.to(ScalarType.Float64), second.to(ScalarType.Float64));
        return new FeatureDistances(FrechetOf(a, b), MeanInterval.Of(KernelsOf(a, b))!);
    }

    // |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2).
    private static double FrechetOf(Tensor a, Tensor b)
    {
        (Tensor meanA, Tensor covarianceA) = Moments(a);
        (Tensor meanB, Tensor covarianceB) = Moments(b);
        Tensor root = Root(covarianceA);
        Tensor inner = root.mm(covarianceB).mm(root);
        double shared = linalg.eigvalsh((inner + inner.t()) / 2).clamp(min: 0).sqrt().sum().item<double>();
        double apart = (meanA - meanB).square().sum().item<double>();
        return Math.Max(0, apart + covarianceA.trace().item<double>() + covarianceB.trace().item<double>() - (2 * shared));
    }

    private static (Tensor Mean, Tensor Covariance) Moments(Tensor x)
    {
        Tensor mean = x.mean([0]);
        Tensor centred = x - mean;
        return (mean, centred.t().mm(centred) / (x.shape[0] - 1));
    }

    private static Tensor Root(Tensor symmetric)
    {
        (Tensor values, Tensor vectors) = linalg.eigh(symmetric);
        return (vectors * values.clamp(min: 0).sqrt()).mm(vectors.t());
    }

    // Of subsets of equal size that are cut from both sets in turn.
    private static IEnumerable<double> KernelsOf(Tensor a, Tensor b)
    {
        int most = (int)Math.Min(a.shape[0], b.shape[0]);
        int size = Math.Max(2, Math.Min(MaxSubset, most / 2));
        for (int i = 0; i < Subsets; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            using var generator = new Generator((ulong)i);
            Tensor Some(Tensor all) => all.index_select(0, randperm(all.shape[0], generator: generator).narrow(0, 0, size));
            (Tensor x, Tensor y) = (Some(a), Some(b));
            double within = (OffDiagonal(Products(x, x)) + OffDiagonal(Products(y, y))) / ((double)size * (size - 1));
            yield return within - (2 * Products(x, y).mean().item<double>());
        }
    }

    private static Tensor Products(Tensor x, Tensor y) => ((x.mm(y.t()) / x.shape[1]) + 1).pow(3);

    private static double OffDiagonal(Tensor kernel) => (kernel.sum() - kernel.trace()).item<double>();
}
