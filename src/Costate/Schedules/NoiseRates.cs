namespace Costate;

/// <summary>The condition on the two ends of a continuous schedule's noise rate beta.</summary>
internal static class NoiseRates
{
    internal static void Check(double beta0, double beta1)
    {
        if (!(beta0 >= 0 && beta1 >= 0 && beta0 + beta1 > 0 && double.IsFinite(beta0 + beta1)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(beta0),
                $"Got noise rates {beta0} and {beta1}; both must be finite and not negative, and one positive.");
        }
    }
}
