namespace Costate.Testing;

/// <summary>Networks and numbers in tests/fixtures, which stay as they are: tests may rely on their shapes and values.</summary>
internal static class Fixtures
{
    /// <summary>The full path of a file or folder named from tests/fixtures.</summary>
    public static string PathTo(params string[] parts) => Repository.PathTo(["tests", "fixtures", .. parts]);
}
