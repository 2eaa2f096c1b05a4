using System.Text.RegularExpressions;
using Costate.Testing;

namespace Costate.Cli.Tests.Architecture;

/// <summary>The way of x_T through files, as the page on how it works tells it: it is short, and every stop of it is there.</summary>
public sealed partial class WayOfXTTests
{
    [Theory]
    [InlineData("`Sample`", 6)]
    [InlineData("`Gradient` with `Discrete()`", 12)]
    [InlineData("`Invert` with Rex", 6)]
    public void Way_IsShort_AndNamesFiles(string call, int most)
    {
        string row = Assert.Single(
            File.ReadLines(Repository.PathTo("docs", "how-it-works.md")),
            line => line.StartsWith($"| {call} |", StringComparison.Ordinal));
        string[] stops = [.. Quoted().Matches(row[call.Length..]).Select(match => match.Groups[1].Value).Where(name => name.Length > 0)];
        Assert.InRange(stops.Length, 4, most);
        HashSet<string> files =
        [
            .. Directory.EnumerateFiles(Repository.PathTo("src", "Costate"), "*.cs", SearchOption.AllDirectories)
                .Select(file => Path.GetFileNameWithoutExtension(file)),
        ];
        Assert.All(stops, stop => Assert.Contains(stop, files));
    }

    [GeneratedRegex("`([A-Za-z]+)`")]
    private static partial Regex Quoted();
}
