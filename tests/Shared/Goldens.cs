namespace Costate.Testing;

/// <summary>
/// The reference values in tests/goldens, for classes named <c>...GoldenTests</c> alone: the folders may grow and change, so that these
/// take whatever is there.
/// </summary>
internal static class Goldens
{
    /// <summary>The full path of a file or folder named from tests/goldens.</summary>
    public static string PathTo(params string[] parts) => Repository.PathTo(["tests", "goldens", .. parts]);
}
