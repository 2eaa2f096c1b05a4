using Costate.Testing;

namespace Costate.Cli.Tests.Architecture;

/// <summary>Where tests lie, and which of them read the goldens.</summary>
public sealed class TestFolderTests
{
    // What tests need besides rooms of what they test.
    private static readonly string[] Aside = ["Problems", "Testing", "Properties"];

    private static readonly Dictionary<string, string> Exceptions = new()
    {
        ["Costate.Cli.Tests/Architecture"] = "it looks at all projects",
        ["Costate.Networks.Tests/TorchScript"] = "a denoiser of the core, whose reference values this project can read",
    };

    public static TheoryData<string> Projects =>
        ["Costate", "Costate.Networks", "Costate.Faces", "Costate.Experiments", "Costate.Studio", "Costate.Cli"];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_AreRoomsOfTheirProject(string project)
    {
        string tests = Repository.PathTo("tests", $"{project}.Tests");
        string[] folders =
        [
            .. Sources(tests).Select(file => Path.GetRelativePath(tests, Path.GetDirectoryName(file)!).Replace('\\', '/')).Distinct(),
        ];
        Assert.NotEmpty(folders);
        string[] strange =
        [
            .. folders.Where(folder => !Aside.Contains(folder) && !Directory.Exists(Repository.PathTo("src", project, folder)))
                .Select(folder => $"{project}.Tests/{folder}"),
        ];
        Assert.Equal(Exceptions.Keys.Where(key => key.StartsWith($"{project}.Tests/", StringComparison.Ordinal)).Order(), strange.Order());
    }

    [Fact]
    public void Goldens_AreReadByGoldenTestsAlone()
    {
        // What they share is called after the goldens too.
        string[] readers =
        [
            .. Sources(Repository.PathTo("tests"))
                .Where(file => File.ReadAllText(file).Contains("Goldens.PathTo", StringComparison.Ordinal))
                .Select(file => Path.GetFileNameWithoutExtension(file)),
        ];
        Assert.NotEmpty(readers);
        Assert.Empty(readers
            .Where(name => !name.EndsWith("GoldenTests", StringComparison.Ordinal) && !name.StartsWith("Golden", StringComparison.Ordinal))
            .Except([nameof(TestFolderTests)]));
    }

    // Neither what is built nor programs of the goldens.
    private static IEnumerable<string> Sources(string folder) => Directory
        .EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        .Where(file => !Path.GetRelativePath(folder, file)
            .Split(Path.DirectorySeparatorChar)
            .Any(part => part is "obj" or "bin" or "goldens"));
}
