using static Costate.Elementary;

namespace Costate;

/// <summary>
/// The functions of exponential integrators, <c>phi_k(z) = integral over [0, 1] of e^((1 - u) z) u^(k-1)/(k-1)! du</c>
/// (Hochbruck and Ostermann 2010, eq. 2.10).
/// </summary>
internal static class Phi
{
    private const int SeriesTerms = 22;

    internal static double Of(int k, double z)
    {
        if (k == 1)
        {
            return z == 0 ? 1 : ExpMinusOne(z) / z;
        }

        // The recurrence phi_{k+1} = (phi_k - 1/k!)/z cancels for small z; there the series sum z^n/(n + k)! converges at once.
        if (Math.Abs(z) > 1)
        {
            double factorial = 1;
            double phi = ExpMinusOne(z) / z;
            for (int j = 1; j < k; j++)
            {
                factorial *= j;
                phi = (phi - (1 / factorial)) / z;
            }

            return phi;
        }

        double term = 1;
        for (int j = 2; j <= k; j++)
        {
            term /= j;
        }

        double sum = 0;
        for (int n = 1; n <= SeriesTerms; n++)
        {
            sum += term;
            term *= z / (n + k);
        }

        return sum;
    }
}
