namespace Costate.Networks;

/// <summary>
/// How the noise levels of a flow are moved towards noise: by a number of the file, or by one that depends on the resolution.
/// </summary>
internal sealed class FlowShift
{
    private readonly double factor;
    private readonly bool exponential;
    private readonly double? terminal;

    private FlowShift(double factor, bool isDynamic, bool exponential, double? terminal)
    {
        this.factor = factor;
        this.exponential = exponential;
        this.terminal = terminal;
        IsDynamic = isDynamic;
    }

    /// <summary>Whether the shift depends on the resolution and must be given with the steps.</summary>
    internal bool IsDynamic { get; }

    /// <summary>Reads the options.</summary>
    /// <param name="options">The options.</param>
    /// <param name="name">The option of the static shift.</param>
    /// <param name="hasLinear">Whether the scheduler has the linear kind of dynamic shift.</param>
    /// <param name="hasTerminal">Whether it has shift_terminal.</param>
    internal static FlowShift Read(SchedulerOptions options, string name, bool hasLinear, bool hasTerminal)
    {
        double factor = options.Number(name, 1);
        if (factor <= 0)
        {
            throw options.Error($"{name} is {factor}; it must be positive.");
        }

        double? terminal = hasTerminal ? options.NumberOrNull("shift_terminal") : null;
        if (terminal is < 0 or >= 1)
        {
            throw options.Error($"shift_terminal is {terminal}; it must lie between 0 and 1.");
        }

        string[] types = hasLinear ? ["exponential", "linear"] : ["exponential"];
        bool exponential = options.Choice("time_shift_type", types) == "exponential";
        return new FlowShift(factor, options.Flag("use_dynamic_shifting", false), exponential, terminal == 0 ? null : terminal);
    }

    /// <summary>Reads a shift that cannot depend on the resolution.</summary>
    internal static FlowShift ReadStatic(SchedulerOptions options, string name)
    {
        double factor = options.Number(name, 1);
        return factor > 0
            ? new FlowShift(factor, isDynamic: false, exponential: true, terminal: null)
            : throw options.Error($"{name} is {factor}; it must be positive.");
    }

    /// <summary>The shift of the file alone.</summary>
    internal double Static(double level) => IsDynamic ? level : Shifted(level, factor);

    /// <summary>Shifts falling noise levels, and stretches them so that they end at shift_terminal.</summary>
    internal double[] Apply(double[] levels, double? mu)
    {
        double by = mu switch
        {
            null => factor,
            double m => exponential ? Math.Exp(m) : m,
        };
        if (!(by > 0 && double.IsFinite(by)))
        {
            string expected = exponential
                ? "a number whose exponential is above 0 and finite, as time_shift_type is \"exponential\""
                : "above 0, as time_shift_type is \"linear\"";
            throw new InputException(nameof(mu), $"{mu}", expected);
        }

        double[] shifted = [.. levels.Select(level => Shifted(level, by))];
        return terminal is double t && shifted[^1] < 1
            ? [.. shifted.Select(level => 1 - ((1 - level) * (1 - t) / (1 - shifted[^1])))]
            : shifted;
    }

    private static double Shifted(double level, double factor) => Math.Min(factor * level / (1 + ((factor - 1) * level)), 1);
}
