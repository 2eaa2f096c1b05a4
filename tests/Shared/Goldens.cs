namespace Costate.Testing;

/// <summary>The reference values in tests/goldens.</summary>
internal static class Goldens
{
    /// <summary>The full path of a file or folder named from tests/goldens.</summary>
    public static string PathTo(params string[] parts) => Repository.PathTo(["tests", "goldens", .. parts]);
}
