using static TorchSharp.torch;

namespace Costate.Faces.Names;

/// <summary>The types of number that a network and its states may have, by their names.</summary>
internal static class NamedDtype
{
    internal static IReadOnlyList<(string Name, ScalarType Value)> All { get; } =
        [("float32", ScalarType.Float32), ("float64", ScalarType.Float64)];

    // What the networks of a pipeline may compute in.
    private static readonly (string Name, ScalarType Value)[] Networks =
    [
        ("float32", ScalarType.Float32),
        ("float16", ScalarType.Float16),
        ("bfloat16", ScalarType.BFloat16),
        ("float64", ScalarType.Float64),
    ];

    /// <summary>The name of a dtype; null where it has none.</summary>
    internal static string? NameOf(ScalarType dtype) => All.FirstOrDefault(d => d.Value == dtype).Name;

    /// <exception cref="InputException">There is no such type.</exception>
    internal static ScalarType Parse(string name) => Specification.Find("dtype", name, All, d => d.Name).Value;

    /// <summary>What the networks of a pipeline compute in; float32 if null.</summary>
    /// <exception cref="InputException">There is no such type.</exception>
    internal static ScalarType OfNetworks(string? name) =>
        name is null ? ScalarType.Float32 : Specification.Find("dtype", name, Networks, d => d.Name).Value;
}
