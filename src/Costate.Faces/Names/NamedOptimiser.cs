namespace Costate.Faces.Names;

/// <summary>What makes the steps of an optimisation, by name.</summary>
internal static class NamedOptimiser
{
    internal const string Default = "adam";
    internal const string Descent = "descent";
    internal const string LimitedMemoryBfgs = "l-bfgs";

    private static readonly (string Name, Func<double?, double?, LatentOptimiser> Make)[] All =
    [
        (Descent, (momentum, clip) => LatentOptimiser.GradientDescent(momentum ?? 0, clip)),
        (Default, (_, _) => LatentOptimiser.Adam()),
        (LimitedMemoryBfgs, (_, _) => LatentOptimiser.LimitedMemoryBfgs()),
    ];

    /// <summary>All of them, for a text.</summary>
    internal static string Names => string.Join(", ", All.Select(o => o.Name));

    /// <summary>The optimiser of a name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="momentum">Of descent; 0 if null.</param>
    /// <param name="clip">The most that descent moves a number in one step; no limit if null.</param>
    /// <exception cref="InputException">There is no such name.</exception>
    internal static LatentOptimiser Parse(string name, double? momentum, double? clip) =>
        Specification.Find("optimiser", name, All, o => o.Name).Make(momentum, clip);

    /// <summary>The name with what is said of it, as results have it.</summary>
    internal static string Describe(string name, double? momentum, double? clip) =>
        name
        + (momentum is double m ? FormattableString.Invariant($", momentum {m:R}") : "")
        + (clip is double c ? FormattableString.Invariant($", clip {c:R}") : "");
}
