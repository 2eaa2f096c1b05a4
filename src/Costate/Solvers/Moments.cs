namespace Costate;

/// <summary>Weights of a quadrature or extrapolation that is exact for polynomials.</summary>
internal static class Moments
{
    /// <summary>
    /// The weights <c>w</c> for which <c>sum_j w_j nodes_j^k = moments_k</c> for <c>k = 0, ..., n - 1</c>: Lagrange's interpolation
    /// integrated against whatever the moments belong to. Solved by Björck and Pereyra's recurrences for Vandermonde systems (1970).
    /// </summary>
    internal static double[] Match(ReadOnlySpan<double> nodes, ReadOnlySpan<double> moments)
    {
        int n = nodes.Length;
        double[] w = moments.ToArray();
        for (int k = 0; k < n - 1; k++)
        {
            for (int i = n - 1; i > k; i--)
            {
                w[i] -= nodes[k] * w[i - 1];
            }
        }

        for (int k = n - 2; k >= 0; k--)
        {
            for (int i = k + 1; i < n; i++)
            {
                w[i] /= nodes[i] - nodes[i - k - 1];
            }

            for (int i = k; i < n - 1; i++)
            {
                w[i] -= w[i + 1];
            }
        }

        return w;
    }
}
