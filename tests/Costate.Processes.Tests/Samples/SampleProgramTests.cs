using System.Globalization;
using System.Text.RegularExpressions;
using Costate.Testing;

namespace Costate.Processes.Tests.Samples;

/// <summary>Runs the programs of samples/.</summary>
[LongProof]
public sealed class SampleProgramTests
{
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Repository.PathTo("samples"), "*.cs").Select(path => Path.GetFileName(path)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void Sample_FitsOnAPage(string file) =>
        Assert.InRange(File.ReadAllLines(Repository.PathTo("samples", file)).Length, 1, 59);

    // What `dotnet run` reads and the compiler does not: lines like those of the one that is run so, a project that exists.
    [Theory]
    [MemberData(nameof(Files))]
    public void Sample_NamesAProjectAndLibtorch(string file)
    {
        string[] lines = File.ReadAllLines(Repository.PathTo("samples", file));
        string[] directives = [.. lines.Where(line => line.StartsWith("#:", StringComparison.Ordinal))];
        Assert.Equal(2, directives.Length);
        Match project = Regex.Match(directives[0], @"^#:project \.\./(src/(Costate(?:\.Networks)?)/\2\.csproj)$");
        Assert.True(project.Success, directives[0]);
        Assert.True(File.Exists(Repository.PathTo(project.Groups[1].Value)));
        Assert.Equal("#:package TorchSharp-cpu", directives[1]);
    }

    // Those that take minutes, too.
    [Fact]
    public void FinetuneReward_Compiles()
    {
        using var folder = new TemporaryFolder();
        CSharpCompiler.CompileProgram(folder.PathTo("program.dll"), Repository.PathTo("samples", "finetune_reward.cs"));
    }

    [Fact]
    public void OptimiseNoise_LowersTheLoss()
    {
        string output = SampleProgram.Run("optimise_noise.cs");
        Assert.True(Number(output, @"iteration 40\s+loss (\S+)") < 0.05 * Number(output, @"iteration  0\s+loss (\S+)"), output);
        Assert.Contains("########........", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Torchscript_HasGradients()
    {
        string output = SampleProgram.Run("torchscript.cs");
        Assert.Contains("[2, 3, 8, 8]", output, StringComparison.Ordinal);
        Assert.True(Number(output, @"\|dL/dx_T\| (\S+)") > 0);
        Assert.True(Number(output, @"\|dL/dz\| (\S+)") > 0);
    }

    [Fact]
    public void Inpaint_RestoresWhatIsHidden()
    {
        string output = SampleProgram.Run("inpaint.cs");
        Assert.True(Number(output, @"unguided.*PSNR (\S+)") < 15, output);
        Assert.True(Number(output, @"dps.*PSNR (\S+)") > 25, output);
        Assert.True(Number(output, @"mpgd.*PSNR (\S+)") > 20, output);
        Assert.Contains("mpgd: 100 evaluations, 0 vector-Jacobian products", output, StringComparison.Ordinal);
    }

    [Fact]
    public void OwnLoss_IsLoweredByEveryMethod()
    {
        string output = SampleProgram.Run("own_loss.cs");
        double unguided = Number(output, @"unguided\s+loss (\S+)");
        foreach (string method in (string[])["data only", "greedy", "two Euler steps", "two midpoint steps", "end to end"])
        {
            Assert.True(Number(output, method + @".*?loss (\S+)") < 0.1 * unguided, output);
        }

        Assert.DoesNotContain("diverged", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Finetune_MovesTheSamples()
    {
        string output = SampleProgram.Run("finetune.cs");
        Assert.True(Number(output, @"iteration 60\s+loss (\S+)") < 0.2 * Number(output, @"iteration  0\s+loss (\S+)"), output);
        Assert.Equal(1, Number(output, @"mean (\S+)"), 0.2);
    }

    internal static double Number(string output, string pattern)
    {
        Match match = Regex.Match(output, pattern);
        Assert.True(match.Success, output);
        return double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
    }
}
