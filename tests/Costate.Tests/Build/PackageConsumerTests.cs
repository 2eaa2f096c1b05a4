using System.Text.Json;
using Costate.Build;
using Costate.Testing;

namespace Costate.Tests.Build;

/// <summary>What a user gets: the packed library in a fresh project outside the repository.</summary>
public sealed class PackageConsumerTests : IDisposable
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void FreshProject_RunsTorch_FromAWeakenedCopy()
    {
        // Its own version and packages folder: no other run's package is taken for this one, and nothing stays behind.
        // All else is already in the cache that this project was restored from, so no source but the local one is asked.
        string version = $"0.0.1-test.{Guid.NewGuid():N}";
        string cache = PackageCache();
        string library = Path.Combine(cache, "torchsharp", TorchSharpVersion(), "runtimes", "linux-x64", "native", "libLibTorchSharp.so");
        byte[]? packaged = OperatingSystem.IsLinux() ? File.ReadAllBytes(library) : null;
        Run(Repository.PathTo("src", "Costate"), "pack", "--no-build", "-c", Configuration, "-o", _folder.PathTo("feed"), $"-p:MinVerVersionOverride={version}");
        _folder.Write("app/App.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <UseCurrentRuntimeIdentifier>true</UseCurrentRuntimeIdentifier>
                <SelfContained>false</SelfContained>
                <RestoreSources>{_folder.PathTo("feed")}</RestoreSources>
                <RestorePackagesPath>{_folder.PathTo("packages")}</RestorePackagesPath>
                <RestoreFallbackFolders>{cache}</RestoreFallbackFolders>
                <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
                <CreateHardLinksForPublishFilesIfPossible>true</CreateHardLinksForPublishFilesIfPossible>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Costate" Version="{version}" />
                <PackageReference Include="TorchSharp-cpu" Version="{TorchSharpVersion()}" />
              </ItemGroup>
            </Project>
            """);
        _folder.Write("app/Program.cs", """
            using TorchSharp;

            using torch.Tensor ones = torch.ones(6);
            using torch.Tensor sum = ones.sum();
            Console.WriteLine($"sum {sum.item<float>()}");
            """);
        string app = _folder.PathTo("app");

        string built = Run(app, "build", "-o", _folder.PathTo("bin"));
        string again = Run(app, "build", "-o", _folder.PathTo("bin"));
        Run(app, "publish", "-o", _folder.PathTo("published"));

        Assert.Contains("sum 6", Run(app, "exec", _folder.PathTo("bin", "App.dll")));
        Assert.Contains("sum 6", Run(app, "exec", _folder.PathTo("published", "App.dll")));
        if (packaged is not null)
        {
            Assert.Equal(packaged, File.ReadAllBytes(library));
            Assert.True(LibstdcxxVersion.Weaken(packaged) == WeakenOutcome.Weakened, "TorchSharp no longer needs the step: take it out.");
            Assert.Equal(packaged, File.ReadAllBytes(_folder.PathTo("bin", "libLibTorchSharp.so")));
            Assert.Equal(packaged, File.ReadAllBytes(_folder.PathTo("published", "libLibTorchSharp.so")));
            Assert.Single(built.Split('\n'), line => line.Contains("Costate: libLibTorchSharp.so"));
            Assert.DoesNotContain("Costate: libLibTorchSharp.so", again);
        }
    }

    private static string Run(string folder, params string[] arguments)
    {
        (int exitCode, string output) = Dotnet.Run(folder, TimeSpan.FromMinutes(5), arguments);
        Assert.True(exitCode == 0, $"dotnet {string.Join(' ', arguments)}\n{output}");
        return output;
    }

    private static string PackageCache() =>
        Assets().RootElement.GetProperty("packageFolders").EnumerateObject().First().Name;

    private static string TorchSharpVersion() =>
        Assets().RootElement.GetProperty("libraries").EnumerateObject()
            .Select(library => library.Name.Split('/'))
            .Single(name => name[0] == "TorchSharp")[1];

    private static JsonDocument Assets() =>
        JsonDocument.Parse(File.ReadAllBytes(Repository.PathTo("tests", "Costate.Tests", "obj", "project.assets.json")));
}
