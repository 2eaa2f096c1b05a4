namespace Costate.Faces.Names;

/// <summary>A noise schedule by its name, and what goes with it when nothing else is said.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parameters">The names of its numbers and their default values.</param>
/// <param name="Grid">The name of its default grid.</param>
/// <param name="EndOf">The time that sampling ends at unless another is said.</param>
/// <param name="StartScaleIsSigma">Whether start noise is multiplied by sigma at the start; a variance-preserving schedule starts from
/// standard noise.</param>
/// <param name="Make">The schedule itself.</param>
internal sealed record NamedSchedule(
    string Name,
    IReadOnlyList<(string Name, double Default)> Parameters,
    string Grid,
    Func<IReadOnlyList<double>, double> EndOf,
    bool StartScaleIsSigma,
    Func<IReadOnlyList<double>, NoiseSchedule> Make)
{
    // The least noise that EDM samples to.
    private const double EdmSigmaMin = 0.002;

    internal static IReadOnlyList<NamedSchedule> All { get; } =
    [
        new("vp-linear", [("beta0", 0.1), ("beta1", 20)], "uniform-log-snr", _ => 1e-3, false, p => NoiseSchedule.VpLinear(p[0], p[1])),
        new(
            "vp-scaled-linear",
            [("beta0", 0.85), ("beta1", 12)],
            "uniform-log-snr",
            _ => 1e-3,
            false,
            p => NoiseSchedule.VpScaledLinear(p[0], p[1])),
        new("vp-cosine", [("offset", 0.008)], "uniform", _ => 1e-3, false, p => NoiseSchedule.VpCosine(p[0])),
        new("rectified-flow", [], "uniform", _ => 0, true, _ => NoiseSchedule.RectifiedFlow()),
        new("edm", [("sigma-max", 80)], "karras", p => EdmSigmaMin / p[0], true, p => NoiseSchedule.Edm(p[0])),
    ];

    /// <summary>The schedule that a text stands for.</summary>
    /// <exception cref="InputException">The name is unknown, or the numbers do not fit.</exception>
    internal static (NamedSchedule Named, IReadOnlyList<double> Numbers, NoiseSchedule Schedule) Parse(string text)
    {
        Specification given = Specification.Parse("schedule", text);
        NamedSchedule named = Specification.Find("schedule", given.Name, All, s => s.Name);
        if (given.Numbers.Count > named.Parameters.Count)
        {
            throw new InputException("schedule", $"{text} with {given.Numbers.Count} numbers", named.Form());
        }

        double[] numbers = [.. named.Parameters.Select((p, i) => i < given.Numbers.Count ? given.Numbers[i] : p.Default)];
        try
        {
            return (named, numbers, named.Make(numbers));
        }
        catch (ArgumentException e)
        {
            throw new InputException("schedule", text, "one whose numbers are in range", Reason.Of(e), e);
        }
    }

    internal static string Table() =>
        "Schedules (default grid, default end; the numbers shown are the default values):\n"
        + string.Join(
            '\n',
            All.Select(s =>
                $"  {s.Form(),-28} {s.Grid,-16} {s.EndOf([.. s.Parameters.Select(p => p.Default)])}  "
                    + $"{string.Join(", ", s.Parameters.Select(p => p.Name))}".TrimEnd()));

    private string Form() => Parameters.Count == 0 ? Name : $"{Name}:{string.Join(',', Parameters.Select(p => p.Default))}";
}
