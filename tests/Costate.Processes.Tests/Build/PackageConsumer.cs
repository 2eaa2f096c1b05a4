using System.Text.Json;
using Costate.Testing;

namespace Costate.Processes.Tests.Build;

/// <summary>What a user gets: the packed library in fresh projects outside the repository, added as the README says.</summary>
public sealed class PackageConsumer : IDisposable
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private readonly TemporaryFolder folder = new();

    public PackageConsumer()
    {
        Run(
            Repository.PathTo("src", "Costate"),
            "pack",
            "--no-build",
            "-c",
            Configuration,
            "-o",
            Feed,
            $"-p:MinVerVersionOverride={Version}");

        // A packages folder of its own, so that nothing stays behind. All but Costate is already in the cache.
        folder.Write("Directory.Build.props", $"""
            <Project>
              <PropertyGroup>
                <UseCurrentRuntimeIdentifier>true</UseCurrentRuntimeIdentifier>
                <SelfContained>false</SelfContained>
                <RestorePackagesPath>{folder.PathTo("packages")}</RestorePackagesPath>
                <RestoreFallbackFolders>{Cache}</RestoreFallbackFolders>
                <RestoreAdditionalProjectSources>{Feed}</RestoreAdditionalProjectSources>
                <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
                <CreateHardLinksForPublishFilesIfPossible>true</CreateHardLinksForPublishFilesIfPossible>
              </PropertyGroup>
            </Project>
            """);
        App = NewProgram("App", $"TorchSharp-cpu@{TorchSharpVersion}", $"Costate@{Version}");
        FirstBuild = Run(App, "build", "-o", AppOutput);
    }

    /// <summary>The cache of packages that the tests themselves were restored from.</summary>
    public static string Cache => Assets().RootElement.GetProperty("packageFolders").EnumerateObject().First().Name;

    public static string TorchSharpVersion => Assets().RootElement.GetProperty("libraries").EnumerateObject()
        .Select(library => library.Name.Split('/'))
        .Single(name => name[0] == "TorchSharp")[1];

    /// <summary>The folder of packages that a user would name as a source.</summary>
    public string Feed => folder.PathTo("feed");

    /// <summary>The folder of the program with both packages.</summary>
    public string App { get; }

    /// <summary>What its first build printed.</summary>
    public string FirstBuild { get; }

    /// <summary>Where it was built to.</summary>
    public string AppOutput => PathTo("bin");

    /// <summary>Of no other run: none of its packages is taken for this one's.</summary>
    public string Version { get; } = $"0.0.1-test.{Guid.NewGuid():N}";

    public void Dispose() => folder.Dispose();

    public string PathTo(params string[] parts) => folder.PathTo(parts);

    /// <summary>Makes a program, and adds packages to it by the command that the README gives.</summary>
    public string NewProgram(string name, params string[] packages)
    {
        folder.Write($"{name}/{name}.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
            </Project>
            """);
        File.Copy(Repository.PathTo("tests", "Costate.Processes.Tests", "Build", "ConsumerProgram.txt"), PathTo(name, "Program.cs"));
        foreach (string package in packages)
        {
            Run(PathTo(name), "add", "package", package.Split('@')[0], "--version", package.Split('@')[1], "--source", Feed);
        }

        return PathTo(name);
    }

    /// <summary>Runs a <c>dotnet</c> command that succeeds; what it printed.</summary>
    public static string Run(string folder, params string[] arguments)
    {
        (int exitCode, string output) = Dotnet.Run(folder, TimeSpan.FromMinutes(5), arguments);
        Assert.True(exitCode == 0, $"dotnet {string.Join(' ', arguments)}\n{output}");
        return output;
    }

    private static JsonDocument Assets() =>
        JsonDocument.Parse(File.ReadAllBytes(Repository.PathTo("tests", "Costate.Processes.Tests", "obj", "project.assets.json")));
}
