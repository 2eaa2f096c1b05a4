using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A training-free method for linear measurements that takes turns between the measurement and the network while the level of noise falls
/// (see <see cref="AnnealedSampler"/>).
/// </summary>
/// <remarks>A level is the noise over the signal, sigma/alpha. Immutable and safe to share between threads.</remarks>
public abstract class AnnealedMethod
{
    private protected AnnealedMethod()
    {
    }

    /// <summary>The levels, falling.</summary>
    internal abstract double[] Levels { get; }

    /// <summary>
    /// DAPS (Zhang et al. 2024): from a state the flow predicts data m by a few Euler steps; z is drawn of
    /// <c>N(z; m, level^2) p(y | z)</c>, and noise of the next level added to it. No gradient of the network.
    /// </summary>
    /// <param name="levels">Number of levels, in equal steps of their seventh root. The default value is 200, as published.</param>
    /// <param name="first">The first level. The default value is 100.</param>
    /// <param name="last">The last level. The default value is 0.1.</param>
    /// <param name="flowSteps">Euler steps of a prediction. The default value is 5.</param>
    /// <param name="langevinSteps">Steps of Langevin dynamics that draw z, as published; 0 (the default) draws it exactly.</param>
    /// <param name="langevinRate">Their rate at the first level, which falls linearly to a hundredth. The default value is 1e-4.</param>
    /// <exception cref="InputException">A number is out of its range.</exception>
    public static AnnealedMethod Daps(
        int levels = 200, double first = 100, double last = 0.1, int flowSteps = 5, int langevinSteps = 0, double langevinRate = 1e-4) =>
        new DecoupledAnnealing(
            Falling(levels, first, last),
            AtLeast(flowSteps, 1, nameof(flowSteps)),
            AtLeast(langevinSteps, 0, nameof(langevinSteps)),
            Positive(langevinRate, nameof(langevinRate)));

    /// <summary>
    /// PnP-DM (Wu et al. 2024): Gibbs sampling, in turns z of <c>N(z; x, level^2) p(y | z)</c> and x of what the network makes of z as a
    /// noisy state, by the reverse SDE. As the levels linger at a small last one it tends to the posterior.
    /// </summary>
    /// <param name="levels">Number of levels. The default value is 67.</param>
    /// <param name="first">The first level. The default value is 40.</param>
    /// <param name="decay">The ratio of a level to the one before, in (0, 1). The default value is 0.9.</param>
    /// <param name="last">The least level. The default value is 0.3.</param>
    /// <param name="steps">Steps of the SDE. The default value is 20.</param>
    /// <exception cref="InputException">A number is out of its range.</exception>
    public static AnnealedMethod PnpDm(int levels = 67, double first = 40, double decay = 0.9, double last = 0.3, int steps = 20)
    {
        AtLeast(levels, 1, nameof(levels));
        if (!(decay is > 0 and < 1))
        {
            throw new InputException(nameof(decay), FormattableString.Invariant($"{decay}"), "between 0 and 1");
        }

        (double least, double most) = (Positive(last, nameof(last)), Positive(first, nameof(first)));
        return new GibbsAnnealing(
            [.. Enumerable.Range(0, levels).Select(k => Math.Max(least, most * Math.Pow(decay, k)))], AtLeast(steps, 1, nameof(steps)));
    }

    /// <summary>
    /// PnP-Flow (Martin et al. 2025), of a rectified flow at times s in equal steps from 1 to 0: a gradient step
    /// <c>x - rate s^exponent A'(A x - y)</c>, noise of time s by the forward process, and the network's prediction of the data from there,
    /// averaged over draws. No gradient of the network.
    /// </summary>
    /// <param name="rate">Of the gradient step; below 2 over the largest eigenvalue of A A'. The default value is 1.</param>
    /// <param name="steps">Times. The default value is 100.</param>
    /// <param name="exponent">How the steps shrink. The default value is 1.</param>
    /// <param name="draws">Draws of the noise. The default value is 5.</param>
    /// <exception cref="InputException">A number is out of its range.</exception>
    public static AnnealedMethod PnpFlow(double rate = 1, int steps = 100, double exponent = 1, int draws = 5) =>
        new FlowDenoising(
            Positive(rate, nameof(rate)),
            AtLeast(steps, 1, nameof(steps)),
            exponent >= 0 && double.IsFinite(exponent)
                ? exponent
                : throw new InputException(nameof(exponent), FormattableString.Invariant($"{exponent}"), "finite and not negative"),
            AtLeast(draws, 1, nameof(draws)));

    /// <summary>The state at the next level, or the sample, in the caller's dispose scope.</summary>
    internal abstract Tensor Take(AnnealedStep step);

    private static double[] Falling(int count, double first, double last)
    {
        AtLeast(count, 2, "levels");
        if (!(last > 0 && first > last && double.IsFinite(first)))
        {
            throw new InputException("last", FormattableString.Invariant($"levels from {first} to {last}"), "falling and positive");
        }

        (double a, double b) = (Math.Pow(first, 1.0 / 7), Math.Pow(last, 1.0 / 7));
        return [.. Enumerable.Range(0, count).Select(k => Math.Pow(a + ((b - a) * k / (count - 1)), 7))];
    }

    private static int AtLeast(int value, int least, string name) =>
        value >= least ? value : throw new InputException(name, $"{value}", $"at least {least}");

    private static double Positive(double value, string name) => value > 0 && double.IsFinite(value)
        ? value
        : throw new InputException(name, FormattableString.Invariant($"{value}"), "positive and finite");
}
