using System.Reflection;
using System.Text.RegularExpressions;
using Costate.Testing;

namespace Costate.Cli.Tests.Architecture;

/// <summary>What knows what: dependencies go one way, and the libraries know nothing of the tool.</summary>
public sealed partial class DependencyTests
{
    // Each may know those before it.
    private static readonly string[] Projects =
    [
        "Costate", "Costate.Networks", "Costate.Faces", "Costate.Experiments", "Costate.Studio", "Costate.Cli",
    ];

    public static TheoryData<string> Libraries => [.. Projects.SkipLast(1)];

    [Fact]
    public void References_GoOneWay()
    {
        for (int i = 0; i < Projects.Length; i++)
        {
            IEnumerable<string?> references = Assembly.Load(Projects[i]).GetReferencedAssemblies().Select(a => a.Name);
            Assert.Empty(references.Intersect(Projects.Skip(i)));
            Assert.True(i == Projects.Length - 1 || !references.Any(r => r is "System.CommandLine" or "Spectre.Console"), Projects[i]);
        }
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Library_KnowsNoOptionAndNoExceptionOfTheTool(string project)
    {
        string folder = Repository.PathTo("src", project);
        foreach (
            string file in Directory
                .EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
                .Where(f => !Path.GetRelativePath(folder, f).StartsWith("obj", StringComparison.Ordinal)))
        {
            string text = File.ReadAllText(file);
            Assert.True(!OptionOrException().IsMatch(text), $"{file}: {OptionOrException().Match(text).Value}");
        }
    }

    // No folder of these libraries needs one that needs it.
    [Theory]
    [InlineData("Costate.Faces")]
    [InlineData("Costate.Experiments")]
    [InlineData("Costate.Studio")]
    public void Folders_MakeNoCircle(string project)
    {
        string root = Repository.PathTo("src", project);
        var needs = Directory.GetDirectories(root).Select(d => Path.GetFileName(d)).Where(d => d is not ("bin" or "obj")).ToDictionary(
            d => d,
            d => Directory.EnumerateFiles(Path.Combine(root, d), "*.cs", SearchOption.AllDirectories)
                        .SelectMany(f =>
                            Regex
                                .Matches(File.ReadAllText(f), $@"^using (?:\w+ = )?{Regex.Escape(project)}\.(\w+)", RegexOptions.Multiline)
                                .Select(m => m.Groups[1].Value))
                .Where(other => other != d).ToHashSet());
        while (needs.FirstOrDefault(n => !n.Value.Any(needs.ContainsKey)).Key is string free)
        {
            needs.Remove(free);
        }

        Assert.Empty(needs.Keys);
    }

    [GeneratedRegex("\"--[a-z]|\\b(?:Command|Usage)Exception\\b|<c>--[a-z]")]
    private static partial Regex OptionOrException();
}
