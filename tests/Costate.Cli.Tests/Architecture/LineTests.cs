using Costate.Testing;

namespace Costate.Cli.Tests.Architecture;

public sealed class LineTests
{
    private const int Longest = 140;

    [Theory]
    [InlineData("src")]
    [InlineData("bench")]
    [InlineData("eng")]
    public void Lines_FitAPage(string folder)
    {
        string root = Repository.PathTo(folder);
        string[] files =
        [
            .. Directory
                .EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
                .Where(file => !Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin")),
        ];
        Assert.NotEmpty(files);
        Assert.Empty(files.SelectMany(file => File.ReadLines(file).Index().Where(line => line.Item.Length > Longest)
            .Select(line => $"{Path.GetRelativePath(root, file)}:{line.Index + 1}: {line.Item.Length} characters")));
    }
}
