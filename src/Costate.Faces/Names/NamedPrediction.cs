namespace Costate.Faces.Names;

/// <summary>What networks predict, by name.</summary>
internal static class NamedPrediction
{
    private static readonly (string Name, Prediction Value)[] All = [.. Enum.GetValues<Prediction>().Select(p => (NameOf(p), p))];

    /// <summary>All names.</summary>
    internal static string List { get; } = string.Join(", ", All.Select(p => p.Name));

    internal static string NameOf(Prediction prediction) => prediction.ToString().ToLowerInvariant();

    /// <exception cref="InputException">There is no such prediction.</exception>
    internal static Prediction Parse(string name) => Specification.Find("prediction", name, All, p => p.Name).Value;
}
