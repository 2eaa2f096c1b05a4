using static TorchSharp.torch;

namespace Costate.Faces.Names;

/// <summary>The types of number that a network and its states may have, by their names.</summary>
internal static class NamedDtype
{
    internal static IReadOnlyList<(string Name, ScalarType Value)> All { get; } =
        [("float32", ScalarType.Float32), ("float64", ScalarType.Float64)];

    /// <summary>The name of a dtype; null where it has none.</summary>
    internal static string? NameOf(ScalarType dtype) => All.FirstOrDefault(d => d.Value == dtype).Name;

    /// <exception cref="InputException">There is no such type.</exception>
    internal static ScalarType Parse(string name) => Specification.Find("dtype", name, All, d => d.Name).Value;
}
