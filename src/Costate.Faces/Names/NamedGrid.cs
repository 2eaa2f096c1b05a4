namespace Costate.Faces.Names;

/// <summary>A time grid by its name.</summary>
internal sealed record NamedGrid(string Name, string Remark, Func<NoiseSchedule, int, double, double, IReadOnlyList<double>, TimeGrid> Make)
{
    private const double DefaultRho = 7;

    internal static IReadOnlyList<NamedGrid> All { get; } =
    [
        new(
            "uniform-log-snr",
            "equal steps in log(alpha/sigma); both ends must have a finite one",
            (s, n, a, b, _) => TimeGrid.UniformLogSnr(s, n, a, b)),
        new("uniform", "equal steps in time", (_, n, a, b, _) => TimeGrid.Uniform(n, a, b)),
        new("quadratic", "equal steps in the square root of time", (_, n, a, b, _) => TimeGrid.Quadratic(n, a, b)),
        new(
            "karras",
            "equal steps in (sigma/alpha)^(1/rho); karras:5 sets rho, which is 7 otherwise",
            (s, n, a, b, p) => TimeGrid.Karras(s, n, a, b, p.Count > 0 ? p[0] : DefaultRho)),
    ];

    /// <summary>The grid that a text stands for.</summary>
    /// <exception cref="InputException">The name is unknown, or the schedule has no such grid between these ends.</exception>
    internal static TimeGrid Parse(string text, NoiseSchedule schedule, int steps, double start, double end)
    {
        Specification given = Specification.Parse("grid", text);
        NamedGrid named = Specification.Find("grid", given.Name, All, g => g.Name);
        if (given.Numbers.Count > (named.Name == "karras" ? 1 : 0))
        {
            throw new InputException(
                "grid",
                text,
                named.Name == "karras" ? "karras or karras:RHO" : $"{named.Name}, which takes no numbers");
        }

        try
        {
            return named.Make(schedule, steps, start, end, given.Numbers);
        }
        catch (ArgumentException e)
        {
            throw new InputException(
                "grid",
                $"{text} with {steps} steps from {start} to {end}",
                "a grid that the schedule has between these times",
                Reason.Of(e),
                e);
        }
    }

    /// <summary>What a text says: two that say the same are equal.</summary>
    internal static (string Name, double Number) Meaning(string text)
    {
        Specification given = Specification.Parse("grid", text);
        return (given.Name.ToLowerInvariant(), given.Numbers.Count > 0 ? given.Numbers[0] : DefaultRho);
    }

    internal static string Table() => "Grids:\n" + string.Join('\n', All.Select(g => $"  {g.Name,-16} {g.Remark}"));
}
