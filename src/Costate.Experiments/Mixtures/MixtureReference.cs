namespace Costate.Experiments.Mixtures;

/// <summary>
/// The sample of the mixture problem and the gradient of its loss, of the continuous ODE: the fourth-order Runge-Kutta method on
/// y = x/alpha in the half log-SNR, together with the sensitivities of y to x_T and z. Plain arithmetic, apart from the library.
/// </summary>
internal sealed class MixtureReference
{
    // At 4000 steps the error is about 1e-13: halving the step changes the last digits only.
    internal const int Steps = 4000;

    // y; dy/dx_T by rows; dy/dz by rows.
    private const int Size = 2 + 4 + 4;

    private MixtureReference(double[] sample, double[] startGradient, double[] conditionGradient)
    {
        Sample = sample;
        StartGradient = startGradient;
        ConditionGradient = conditionGradient;
    }

    /// <summary>x at the end of the grid.</summary>
    internal double[] Sample { get; }

    /// <summary>dL/dx_T.</summary>
    internal double[] StartGradient { get; }

    /// <summary>dL/dz.</summary>
    internal double[] ConditionGradient { get; }

    internal static MixtureReference Compute(int steps = Steps)
    {
        NoiseSchedule schedule = NoiseSchedule.VpLinear(MixtureProblem.Beta0, MixtureProblem.Beta1);
        (double first, double last) = (schedule.HalfLogSnr(MixtureProblem.GridStart), schedule.HalfLogSnr(MixtureProblem.GridEnd));
        (double alphaStart, double alphaEnd) = (schedule.Alpha(MixtureProblem.GridStart), schedule.Alpha(MixtureProblem.GridEnd));

        double[] state = new double[Size];
        (state[0], state[1]) = (MixtureProblem.StartState[0] / alphaStart, MixtureProblem.StartState[1] / alphaStart);
        (state[2], state[5]) = (1 / alphaStart, 1 / alphaStart);
        double h = (last - first) / steps;
        for (int i = 0; i < steps; i++)
        {
            double lambda = first + (i * h);
            double[] k1 = Derivative(lambda, state);
            double[] k2 = Derivative(lambda + (h / 2), Add(state, h / 2, k1));
            double[] k3 = Derivative(lambda + (h / 2), Add(state, h / 2, k2));
            double[] k4 = Derivative(lambda + h, Add(state, h, k3));
            for (int j = 0; j < Size; j++)
            {
                state[j] += h / 6 * (k1[j] + (2 * k2[j]) + (2 * k3[j]) + k4[j]);
            }
        }

        double[] sample = [alphaEnd * state[0], alphaEnd * state[1]];
        double[] slope =
        [
            (2 * (sample[0] - MixtureProblem.Target[0])) + (2 * Math.Cos(2 * sample[0])),
            2 * (sample[1] - MixtureProblem.Target[1]),
        ];
        return new MixtureReference(
            sample,
            TimesJacobian(slope, alphaEnd, state.AsSpan(2, 4)),
            TimesJacobian(slope, alphaEnd, state.AsSpan(6, 4)));
    }

    // dy/dlambda = -(sigma/alpha) eps; with J = d eps/dx and d eps/dz = -alpha J, the sensitivities follow
    // dY/dlambda = -sigma J Y and dZ/dlambda = -sigma J (Z - 1).
    private static double[] Derivative(double lambda, double[] state)
    {
        double alpha = 1 / Math.Sqrt(1 + Math.Exp(-2 * lambda));
        double sigma = 1 / Math.Sqrt(1 + Math.Exp(2 * lambda));
        (double[] noise, double[] jacobian) = Noise(alpha * state[0], alpha * state[1], alpha, sigma);
        double[] result = new double[Size];
        (result[0], result[1]) = (-sigma / alpha * noise[0], -sigma / alpha * noise[1]);
        for (int row = 0; row < 2; row++)
        {
            for (int column = 0; column < 2; column++)
            {
                double identity0 = column == 0 ? 1 : 0;
                double identity1 = column == 1 ? 1 : 0;
                (double j0, double j1) = (jacobian[(2 * row) + 0], jacobian[(2 * row) + 1]);
                result[2 + (2 * row) + column] = -sigma * ((j0 * state[2 + column]) + (j1 * state[4 + column]));
                result[6 + (2 * row) + column] = -sigma * ((j0 * (state[6 + column] - identity0)) + (j1 * (state[8 + column] - identity1)));
            }
        }

        return result;
    }

    // eps = sigma (x - c)/v with c the mean of the components' centres under their posterior weights p_k at x, v their variance;
    // J = sigma/v (1 - C/v) with C the covariance of the centres under p.
    private static (double[] Noise, double[] Jacobian) Noise(double x0, double x1, double alpha, double sigma)
    {
        int count = MixtureProblem.Means.Length;
        double variance = Math.Pow(alpha * MixtureProblem.Deviation, 2) + (sigma * sigma);
        double[] centres0 = new double[count];
        double[] centres1 = new double[count];
        double[] logs = new double[count];
        for (int k = 0; k < count; k++)
        {
            centres0[k] = alpha * (MixtureProblem.Means[k][0] + MixtureProblem.ConditionValue[0]);
            centres1[k] = alpha * (MixtureProblem.Means[k][1] + MixtureProblem.ConditionValue[1]);
            double square = Math.Pow(x0 - centres0[k], 2) + Math.Pow(x1 - centres1[k], 2);
            logs[k] = Math.Log(MixtureProblem.Weights[k]) - (square / (2 * variance));
        }

        double largest = logs.Max();
        double[] p = [.. logs.Select(l => Math.Exp(l - largest))];
        double sum = p.Sum();
        (double mean0, double mean1, double c00, double c01, double c11) = (0, 0, 0, 0, 0);
        for (int k = 0; k < count; k++)
        {
            mean0 += p[k] / sum * centres0[k];
            mean1 += p[k] / sum * centres1[k];
        }

        for (int k = 0; k < count; k++)
        {
            (double d0, double d1) = (centres0[k] - mean0, centres1[k] - mean1);
            c00 += p[k] / sum * d0 * d0;
            c01 += p[k] / sum * d0 * d1;
            c11 += p[k] / sum * d1 * d1;
        }

        double scale = sigma / variance;
        return (
            [scale * (x0 - mean0), scale * (x1 - mean1)],
            [scale * (1 - (c00 / variance)), -scale * c01 / variance, -scale * c01 / variance, scale * (1 - (c11 / variance))]);
    }

    private static double[] Add(double[] a, double weight, double[] b) => [.. a.Zip(b, (x, y) => x + (weight * y))];

    private static double[] TimesJacobian(double[] slope, double scale, ReadOnlySpan<double> jacobian) =>
    [
        scale * ((slope[0] * jacobian[0]) + (slope[1] * jacobian[2])),
        scale * ((slope[0] * jacobian[1]) + (slope[1] * jacobian[3])),
    ];
}
