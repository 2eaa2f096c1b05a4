namespace Costate;

/// <summary>How strongly guidance acts at each step. A number converts to a constant strength by itself.</summary>
/// <remarks>Immutable and safe to share between threads. A positive strength lowers the loss.</remarks>
public sealed class GuidanceStrength
{
    private readonly string name;
    private readonly Func<IReadOnlyList<GuidanceStep>, double[]> values;

    private GuidanceStrength(string name, Func<IReadOnlyList<GuidanceStep>, double[]> values)
    {
        this.name = name;
        this.values = values;
    }

    /// <summary>No guidance.</summary>
    public static GuidanceStrength Zero { get; } = Constant(0);

    /// <summary>The same at every step.</summary>
    /// <param name="value">The strength.</param>
    public static GuidanceStrength Constant(double value) => FromFunction(FormattableString.Invariant($"{value:R}"), _ => value);

    /// <summary>In proportion to the scale of the signal at the step, <c>value alpha_t</c> (FreeDoM).</summary>
    /// <param name="value">The strength on clean data.</param>
    public static GuidanceStrength Signal(double value) =>
        FromFunction(FormattableString.Invariant($"{value:R} alpha"), step => value * step.Alpha);

    /// <summary>In proportion to the scale of the noise at the step, <c>value sigma_t</c>.</summary>
    /// <param name="value">The strength on pure noise.</param>
    public static GuidanceStrength Noise(double value) =>
        FromFunction(FormattableString.Invariant($"{value:R} sigma"), step => value * step.Sigma);

    /// <summary>In inverse proportion to the scale of the signal at the step, <c>value/alpha_t</c> (MPGD).</summary>
    /// <param name="value">The strength on clean data.</param>
    public static GuidanceStrength InverseSignal(double value) =>
        FromFunction(FormattableString.Invariant($"{value:R}/alpha"), step => value / step.Alpha);

    /// <summary>TFG's increasing shape: in proportion to <c>alpha_t^2/alpha_s^2</c>, with the given mean over the steps.</summary>
    /// <param name="mean">The mean strength.</param>
    public static GuidanceStrength Increasing(double mean) =>
        WithMean(FormattableString.Invariant($"{mean:R}, increasing"), mean, step => step.Transition);

    /// <summary>TFG's decreasing shape: in proportion to <c>1 - alpha_t^2/alpha_s^2</c>, with the given mean over the steps.</summary>
    /// <inheritdoc cref="Increasing"/>
    public static GuidanceStrength Decreasing(double mean) =>
        WithMean(FormattableString.Invariant($"{mean:R}, decreasing"), mean, step => 1 - step.Transition);

    /// <summary>A strength of your own.</summary>
    /// <param name="strength">From a step to the strength there; finite.</param>
    public static GuidanceStrength FromFunction(Func<GuidanceStep, double> strength)
    {
        ArgumentNullException.ThrowIfNull(strength);
        return FromFunction("own function", strength);
    }

    /// <summary>A constant strength.</summary>
    /// <param name="value">The strength.</param>
    public static implicit operator GuidanceStrength(double value) => Constant(value);

    /// <summary>The same strength times another function of the step.</summary>
    /// <param name="factor">From a step to the factor there; finite.</param>
    public GuidanceStrength Times(Func<GuidanceStep, double> factor)
    {
        ArgumentNullException.ThrowIfNull(factor);
        return new GuidanceStrength(
            $"{name} scaled",
            steps => [.. values(steps).Zip(steps, (value, step) => value == 0 ? 0 : value * factor(step))]);
    }

    /// <summary>The same strength at the steps that start within a stretch of time, and none at the others.</summary>
    /// <param name="from">The first time, inclusive: towards noise.</param>
    /// <param name="to">The last time, inclusive: towards data.</param>
    public GuidanceStrength Between(double from, double to) =>
        new(
            FormattableString.Invariant($"{name} between {from:R} and {to:R}"),
            steps => [.. values(steps).Zip(steps, (value, step) => step.Time <= from && step.Time >= to ? value : 0)]);

    /// <inheritdoc/>
    public override string ToString() => name;

    /// <summary>The strength at each step.</summary>
    /// <exception cref="InvalidOperationException">One is not finite.</exception>
    internal double[] Over(IReadOnlyList<GuidanceStep> steps, string what)
    {
        double[] result = values(steps);
        int bad = Array.FindIndex(result, value => !double.IsFinite(value));
        return bad < 0
            ? result
            : throw new InvalidOperationException(
                $"{what} ({name}) is {result[bad]} at step {bad} (time {steps[bad].Time:G6}, alpha = {steps[bad].Alpha:G6}, "
                    + $"sigma = {steps[bad].Sigma:G6}); it must be finite. Leave that step out with {nameof(Between)}, "
                    + "or move the end of the grid inwards.");
    }

    private static GuidanceStrength FromFunction(string name, Func<GuidanceStep, double> strength) =>
        new(name, steps => [.. steps.Select(strength)]);

    private static GuidanceStrength WithMean(string name, double mean, Func<GuidanceStep, double> shape) => new(name, steps =>
    {
        double[] shapes = [.. steps.Select(shape)];
        double average = shapes.Average();
        return [.. shapes.Select(c => mean * c / average)];
    });
}
