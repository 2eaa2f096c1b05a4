namespace Costate.Testing;

/// <summary>Where the tests find files of the repository.</summary>
internal static class Repository
{
    /// <summary>The folder of Costate.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The full path of a file or folder named from the root.</summary>
    public static string PathTo(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Costate.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName
            ?? throw new InvalidOperationException(
                $"No Costate.slnx above {AppContext.BaseDirectory}: run the tests from the repository's own build output.");
    }
}
