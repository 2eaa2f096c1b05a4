using Costate.Build;
using Costate.Testing;

namespace Costate.Processes.Tests.Build;

/// <summary>The build step as MSBuild runs it, on a project that has nothing but the step.</summary>
[LongProof]
public sealed class CostateTargetsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CostateTargetsTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The step acts on Linux only.");
        _folder.Write("step.proj", $"""
            <Project DefaultTargets="Build">
              <PropertyGroup>
                <IntermediateOutputPath>obj/</IntermediateOutputPath>
                <CopyLocalLockFileAssemblies>true</CopyLocalLockFileAssemblies>
              </PropertyGroup>
              <Import Project="{Repository.PathTo("src", "Costate", "buildTransitive", "Costate.targets")}" />
              <Target Name="ResolvePackageAssets">
                <ItemGroup>
                  <NativeCopyLocalItems Include="package/libLibTorchSharp.so" NuGetPackageVersion="1.0.0" PathInPackage="native/libLibTorchSharp.so" />
                  <NativeCopyLocalItems Include="package/libtorch.so" NuGetPackageVersion="1.0.0" PathInPackage="native/libtorch.so" />
                </ItemGroup>
              </Target>
              <Target Name="CoreCompile" />
              <Target Name="Build" DependsOnTargets="ResolvePackageAssets;CoreCompile">
                <Copy SourceFiles="@(NativeCopyLocalItems)" DestinationFolder="out" UseHardlinksIfPossible="true" SkipUnchangedFiles="true" />
              </Target>
            </Project>
            """);
        _folder.Write("package/libtorch.so", ElfImage.Create());
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Build_WeakensTheOutputsCopyAlone_Once()
    {
        byte[] original = ElfImage.Create();
        string package = _folder.Write("package/libLibTorchSharp.so", original);

        string first = Build();

        byte[] expected = ElfImage.Create();
        LibstdcxxVersion.Weaken(expected);
        Assert.Equal(expected, Output());
        Assert.Equal(original, File.ReadAllBytes(package));
        Assert.Equal(original, File.ReadAllBytes(_folder.PathTo("out", "libtorch.so")));
        Assert.Single(first.Split('\n'), line => line.Contains("Costate:"));

        DateTime written = File.GetLastWriteTimeUtc(_folder.PathTo("out", "libLibTorchSharp.so"));
        string second = Build();

        Assert.DoesNotContain("Costate:", second);
        Assert.Equal(written, File.GetLastWriteTimeUtc(_folder.PathTo("out", "libLibTorchSharp.so")));
        Assert.Equal(expected, Output());
    }

    [Fact]
    public void Build_OutputDeleted_WeakenedAgain()
    {
        _folder.Write("package/libLibTorchSharp.so", ElfImage.Create());
        Build();
        byte[] first = Output();
        Directory.Delete(_folder.PathTo("out"), recursive: true);

        Build();

        Assert.Equal(first, Output());
    }

    [Fact]
    public void Build_AlreadyWeak_SaysNothing()
    {
        byte[] weak = ElfImage.Create();
        LibstdcxxVersion.Weaken(weak);
        _folder.Write("package/libLibTorchSharp.so", weak);

        Assert.DoesNotContain("Costate:", Build());
        Assert.Equal(weak, Output());
    }

    [Fact]
    public void Build_NoElf_LeftAsItIs()
    {
        byte[] text = "no library"u8.ToArray();
        _folder.Write("package/libLibTorchSharp.so", text);

        Assert.DoesNotContain("Costate:", Build());
        Assert.Equal(text, Output());
    }

    [Fact]
    public void Build_Truncated_LeftAsItIs_WithAWarning()
    {
        byte[] half = ElfImage.Create()[..200];
        _folder.Write("package/libLibTorchSharp.so", half);

        Assert.Matches("warning : Costate: .*damaged", Build());
        Assert.Equal(half, Output());
    }

    [Fact]
    public void Build_SwitchedOff_LeftAsItIs()
    {
        byte[] original = ElfImage.Create();
        _folder.Write("package/libLibTorchSharp.so", original);

        Assert.DoesNotContain("Costate:", Build("-p:CostateWeakenLibstdcxxVersion=false"));
        Assert.Equal(original, Output());
    }

    private byte[] Output() => File.ReadAllBytes(_folder.PathTo("out", "libLibTorchSharp.so"));

    private string Build(params string[] arguments)
    {
        (int exitCode, string output) = Dotnet.Run(_folder.FullName, TimeSpan.FromMinutes(2), ["msbuild", "step.proj", "-nologo", "-verbosity:minimal", .. arguments]);
        Assert.True(exitCode == 0, output);
        return output;
    }
}
