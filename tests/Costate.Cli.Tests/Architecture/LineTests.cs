using Costate.Testing;

namespace Costate.Cli.Tests.Architecture;

public sealed class LineTests
{
    private const int Longest = 140;
    private const int MaxLines = 300;

    [Theory]
    [InlineData("src")]
    [InlineData("bench")]
    [InlineData("eng")]
    public void Lines_FitAPage(string folder) => Assert.Empty(Files(folder, ".cs", ".js", ".css").SelectMany(file => File.ReadLines(file)
        .Index()
        .Where(line => line.Item.Length > Longest)
        .Select(line => $"{Path.GetRelativePath(Repository.Root, file)}:{line.Index + 1}: {line.Item.Length} characters")));

    [Theory]
    [InlineData("src")]
    [InlineData("bench")]
    [InlineData("eng")]
    [InlineData("samples")]
    [InlineData("tests")]
    public void Files_AreOneIdea(string folder) => Assert.Empty(Files(folder, ".cs")
        .Where(file => File.ReadLines(file).Count() > MaxLines)
        .Select(file => $"{Path.GetRelativePath(Repository.Root, file)}: {File.ReadLines(file).Count()} lines"));

    private static string[] Files(string folder, params string[] kinds)
    {
        string root = Repository.PathTo(folder);
        string[] files =
        [
            .. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
                .Where(file => kinds.Contains(Path.GetExtension(file)))
                .Where(file => !Path.GetRelativePath(root, file)
                    .Split(Path.DirectorySeparatorChar)
                    .Any(part => part is "obj" or "bin" or "goldens")),
        ];
        Assert.NotEmpty(files);
        return files;
    }
}
