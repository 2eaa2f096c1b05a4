namespace Costate.Faces.Names;

/// <summary>What an optimisation through the sampler changes, by name.</summary>
internal static class NamedTargets
{
    internal const string Default = "both";

    private static readonly (string Name, OptimisationTargets Value)[] All =
    [
        (Default, OptimisationTargets.StartNoise | OptimisationTargets.Condition),
        ("noise", OptimisationTargets.StartNoise),
        ("code", OptimisationTargets.Condition),
    ];

    /// <summary>All of them, for a text.</summary>
    internal static string Names => string.Join(", ", All.Select(t => t.Name));

    /// <exception cref="InputException">There is no such name.</exception>
    internal static OptimisationTargets Parse(string name) => Specification.Find("optimise", name, All, t => t.Name).Value;
}
