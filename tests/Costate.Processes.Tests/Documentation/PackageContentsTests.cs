using System.IO.Compression;
using System.Xml.Linq;
using Costate.Processes.Tests.Build;
using Costate.Testing;

namespace Costate.Processes.Tests.Documentation;

/// <summary>What a package feed shows of the packages, and what they bring.</summary>
[LongProof]
[Collection(Builds.OneAtATime)]
public sealed class PackageContentsTests
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    [Theory]
    [InlineData("Costate", "TorchSharp")]
    [InlineData("Costate.Networks", "Costate", "MathNet.Numerics")]
    public void Library_HasWhatAFeedShows_AndItsOwnDependenciesAlone(string name, params string[] dependencies)
    {
        using var folder = new TemporaryFolder();
        Pack(name, folder.FullName);
        using ZipArchive package = Open(folder.FullName, "*.nupkg");
        string[] files = [.. package.Entries.Select(e => e.FullName)];
        Assert.Subset(
            files.ToHashSet(),
            new HashSet<string>(["README.md", "icon.png", "THIRD-PARTY-NOTICES.txt", $"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml"])
        );
        XElement metadata = Metadata(package);
        Assert.Equal("README.md", Value(metadata, "readme"));
        Assert.Equal("icon.png", Value(metadata, "icon"));
        Assert.Equal("MIT", Value(metadata, "license"));
        Assert.Contains("TorchSharp", Value(metadata, "tags"));
        Assert.True(Value(metadata, "description")!.Length > 40);
        Assert.Equal(
            dependencies.Order(),
            metadata.Descendants().Where(e => e.Name.LocalName == "dependency").Select(e => e.Attribute("id")!.Value).Order());

        using ZipArchive symbols = Open(folder.FullName, "*.snupkg");
        Assert.Contains(symbols.Entries, e => e.FullName == $"lib/net10.0/{name}.pdb");

        // The address is nowhere but where it is asked for.
        Assert.Null(Value(metadata, "projectUrl"));
        Assert.Null(Repository(metadata)?.Attribute("url"));
    }

    [Fact]
    public void Address_IsThere_WhereItIsAskedFor()
    {
        using var folder = new TemporaryFolder();
        const string Page = "https://example.org/costate";
        Pack("Costate", folder.FullName, $"-p:CostateRepositoryUrl={Page}");
        using ZipArchive named = Open(folder.FullName, "*.nupkg");
        Assert.Equal(Page, Value(Metadata(named), "projectUrl"));
        Assert.Equal(Page, Repository(Metadata(named))!.Attribute("url")!.Value);
    }

    [Fact]
    public void Faces_BringTheirWeights()
    {
        using var folder = new TemporaryFolder();
        Pack("Costate.Faces", folder.FullName);
        using ZipArchive package = Open(folder.FullName, "*.nupkg");
        string weights = Testing.Repository.PathTo("src", "Costate.Faces", "Weights");
        string[] expected =
        [
            .. ((string[])["*.safetensors", "*.json", "*.txt"])
                .SelectMany(pattern => Directory.GetFiles(weights, pattern, SearchOption.AllDirectories))
                .Select(file => $"contentFiles/any/net10.0/Weights/{Path.GetRelativePath(weights, file).Replace('\\', '/')}"),
        ];
        Assert.Contains("contentFiles/any/net10.0/Weights/autoencoder.safetensors", expected);
        Assert.Subset(package.Entries.Select(e => e.FullName).ToHashSet(), expected.ToHashSet());

        // A program that refers to the package has them in its folder.
        XElement[] copied =
        [
            .. Metadata(package).Descendants().Where(e => e.Name.LocalName == "files" && e.Attribute("copyToOutput")?.Value == "true"),
        ];
        Assert.All(
            expected,
            file => Assert.Contains(copied, e => file.EndsWith(e.Attribute("include")!.Value, StringComparison.Ordinal)));
    }

    [Fact]
    public void Tool_HasNoLibrariesOfPythons()
    {
        string output = Testing.Repository.PathTo(
            "src",
            "Costate.Cli",
            "bin",
            Configuration,
            "net10.0",
            System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier);
        string[] files = [.. Directory.GetFiles(output).Select(f => Path.GetFileName(f))];
        Assert.Contains(files, f => f.Contains("torch_cpu", StringComparison.Ordinal));
        Assert.DoesNotContain(
            files,
            f => f.Contains("torch_python", StringComparison.Ordinal) || f.Contains("_test.", StringComparison.Ordinal));
        Assert.DoesNotContain("torch_python", File.ReadAllText(Path.Combine(output, "Costate.Cli.deps.json")));
    }

    [Theory]
    [InlineData("libtorch")]
    [InlineData("TorchSharp")]
    [InlineData("SkiaSharp")]
    [InlineData("HarfBuzz")]
    [InlineData("ScottPlot")]
    [InlineData("Spectre.Console")]
    [InlineData("System.CommandLine")]
    [InlineData("DejaVu")]
    [InlineData("OpenAI")]
    public void Notices_NameWhatThePackagesHold(string name) =>
        Assert.Contains(name, File.ReadAllText(Testing.Repository.PathTo("THIRD-PARTY-NOTICES.txt")));

    private static void Pack(string project, string folder, params string[] properties)
    {
        (int exitCode, string output) = Dotnet.Run(
            Testing.Repository.PathTo("src", project),
            TimeSpan.FromMinutes(5),
            ["pack", "--no-build", "-c", Configuration, "-o", folder, .. properties]);
        Assert.True(exitCode == 0, output);
    }

    private static ZipArchive Open(string folder, string pattern) => ZipFile.OpenRead(Assert.Single(Directory.GetFiles(folder, pattern)));

    private static XElement Metadata(ZipArchive package)
    {
        using Stream stream = package.Entries.Single(e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(stream).Root!.Elements().Single(e => e.Name.LocalName == "metadata");
    }

    private static string? Value(XElement metadata, string name) =>
        metadata.Elements().SingleOrDefault(e => e.Name.LocalName == name)?.Value;

    private static XElement? Repository(XElement metadata) => metadata.Elements().SingleOrDefault(e => e.Name.LocalName == "repository");
}
