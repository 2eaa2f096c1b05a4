using Costate.Build;
using Costate.Testing;

namespace Costate.Processes.Tests.Build;

/// <summary>A user's programs, on the packed library.</summary>
[LongProof]
[Collection(Builds.OneAtATime)]
public sealed class PackageConsumerTests(PackageConsumer consumer) : IClassFixture<PackageConsumer>
{
    [Fact]
    public void FreshProject_PrintsAGradient()
    {
        string output = RunApp("gradient");
        Assert.Contains("NnpackIsOff = True", output);
        Assert.Matches(@"gradient( -?[\d.E-]+){3}", output);
    }

    [Fact]
    public void FreshProject_RunsFromAWeakenedCopy()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The step acts on Linux only.");
        string library = Path.Combine(
            PackageConsumer.Cache,
            "torchsharp",
            PackageConsumer.TorchSharpVersion,
            "runtimes",
            "linux-x64",
            "native",
            "libLibTorchSharp.so");
        byte[] weakened = File.ReadAllBytes(library);
        Assert.True(LibstdcxxVersion.Weaken(weakened) == WeakenOutcome.Weakened, "TorchSharp no longer needs the step: take it out.");

        string again = PackageConsumer.Run(consumer.App, "build", "-o", consumer.AppOutput);
        PackageConsumer.Run(consumer.App, "publish", "-o", consumer.PathTo("published"));

        Assert.Contains(
            "convolved",
            PackageConsumer.Run(consumer.App, "exec", consumer.PathTo("published", "App.dll"), "convolutions", "prepared"));
        Assert.Equal(weakened, File.ReadAllBytes(Path.Combine(consumer.AppOutput, "libLibTorchSharp.so")));
        Assert.Equal(weakened, File.ReadAllBytes(consumer.PathTo("published", "libLibTorchSharp.so")));
        Assert.Single(consumer.FirstBuild.Split('\n'), line => line.Contains("Costate: libLibTorchSharp.so"));
        Assert.DoesNotContain("Costate: libLibTorchSharp.so", again);
    }

    [Fact]
    public void Prepared_ConvolutionsWriteNothing() => Assert.Equal("convolved", RunApp("convolutions", "prepared").Trim());

    [Fact]
    public void Unprepared_ConvolutionsWriteWarnings_OnSuchAMachine()
    {
        // What the test above would find without Prepare.
        string output = RunApp("convolutions", "as they are");
        Assert.SkipUnless(output.Contains("NNPACK", StringComparison.Ordinal), "This machine has caches that cpuinfo finds.");
        Assert.NotEqual("convolved", output.Trim());
    }

    [Fact]
    public void GradientThroughAClassifier_WritesNothing() => Assert.Matches(@"^gradient -?[\d.E-]+$", RunApp("classifier").Trim());

    [Fact]
    public void WithoutALibtorchPackage_TheFirstCallNamesIt()
    {
        string bare = consumer.NewProgram("Bare", $"Costate@{consumer.Version}");
        PackageConsumer.Run(bare, "build", "-o", consumer.PathTo("bare"));
        foreach (string first in (string[])["CpuLibraries", "StartNoise", "Denoiser", "FromTorchScript"])
        {
            string output = PackageConsumer.Run(bare, "exec", consumer.PathTo("bare", "Bare.dll"), "first", first);
            Assert.Contains("missing: libtorch is missing", output);
            Assert.Contains($"dotnet add package TorchSharp-cpu --version {PackageConsumer.TorchSharpVersion}", output);
        }
    }

    private string RunApp(params string[] arguments) =>
        PackageConsumer.Run(consumer.App, ["exec", Path.Combine(consumer.AppOutput, "App.dll"), .. arguments]);
}
