namespace Costate.Networks.Tests;

/// <summary>A training schedule computed step by step, as the formulas read.</summary>
internal sealed class DirectSchedule
{
    internal const string StableDiffusion = """ "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear" """;

    internal DirectSchedule(IEnumerable<double> betas)
    {
        double product = 1;
        AlphasCumprod = [.. betas.Select(beta => product *= 1 - beta)];
    }

    internal double[] AlphasCumprod { get; }

    internal double[] Sigmas => [.. AlphasCumprod.Select(value => Math.Sqrt((1 - value) / value))];

    internal static DirectSchedule Linear { get; } = new(Enumerable.Range(0, 1000).Select(k => 0.0001 + ((0.02 - 0.0001) * k / 999)));

    internal static DirectSchedule ScaledLinear { get; } = new(Enumerable.Range(0, 1000)
        .Select(k => Math.Sqrt(0.00085) + ((Math.Sqrt(0.012) - Math.Sqrt(0.00085)) * k / 999))
        .Select(root => root * root));

    internal static DirectSchedule FromAlphaBar(int count, Func<double, double> alphaBar) =>
        new(Enumerable.Range(0, count).Select(k => Math.Min(1 - (alphaBar((k + 1.0) / count) / alphaBar((double)k / count)), 0.999)));

    /// <summary>sigma at a timestep that need not be whole.</summary>
    internal double SigmaAt(double timestep)
    {
        int k = Math.Min((int)timestep, AlphasCumprod.Length - 2);
        return Sigmas[k] + ((timestep - k) * (Sigmas[k + 1] - Sigmas[k]));
    }

    /// <summary>The timestep of a sigma, linear in log sigma.</summary>
    internal double TimestepAt(double sigma)
    {
        int k = 0;
        while (k < Sigmas.Length - 2 && Sigmas[k + 1] <= sigma)
        {
            k++;
        }

        double fraction = Math.Log(sigma / Sigmas[k]) / Math.Log(Sigmas[k + 1] / Sigmas[k]);
        return k + Math.Clamp(fraction, 0, 1);
    }
}
