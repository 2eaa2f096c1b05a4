using System.Text.Json;
using Costate.Cli.Commands;
using Costate.Cli.Commands.Doctor;
using Costate.Cli.Terminals;
using Costate.Faces.Machines;
using Costate.Testing;

namespace Costate.Cli.Tests.Commands.Doctor;

public sealed class DoctorCommandTests
{
    [Fact]
    public void ThisMachine_IsWell()
    {
        ToolRun run = Tool.Done("doctor");
        Assert.All(
            (string[])
                [
                    "processor",
                    "memory",
                    "libtorch",
                    "TorchSharp 0.",
                    "torch threads",
                    "oneDNN",
                    "NNPACK",
                    "off",
                    "allocator",
                    "OMP_WAIT_POLICY",
                    "GPU",
                    "output folder",
                    "embedded model",
                    "All is well.",
                ],
            text => Assert.Contains(text, run.Output));
        Assert.DoesNotContain("To do", run.Output);
        Assert.Equal("", run.Error);
    }

    [Fact]
    public void Json_HasEveryFinding()
    {
        using var folder = new TemporaryFolder();
        JsonElement report = JsonDocument.Parse(Tool.Done("doctor", "--json", "--output", folder.PathTo("new")).Output).RootElement;
        Assert.Equal("doctor", report.GetProperty("command").GetString());
        Assert.True(report.GetProperty("isWell").GetBoolean());
        JsonElement[] findings = [.. report.GetProperty("findings").EnumerateArray()];
        Assert.Equal(findings.Length, findings.Select(f => f.GetProperty("name").GetString()).Distinct().Count());
        Assert.All(
            findings,
            f =>
                Assert.True(
                    f.GetProperty("isWell").GetBoolean()
                        && f.GetProperty("remedy").ValueKind == JsonValueKind.Null
                        && f.GetProperty("found").GetString()!.Length > 0));

        // Nothing is left behind.
        Assert.Empty(Directory.GetFileSystemEntries(folder.FullName));
    }

    [Fact]
    public void FolderThatIsAFile_IsNamedWithItsRemedy()
    {
        using var folder = new TemporaryFolder();
        IsIll(["doctor", "--output", folder.Write("file", "")], "output folder", "it is a file", "for the output");
    }

    [Fact]
    public void MissingAndDamagedModels_AreNamedWithTheirRemedy()
    {
        using var folder = new TemporaryFolder();
        IsIll(["doctor", "--weights", folder.FullName, "--output", folder.FullName], "embedded model", "folder of weights");
        string weights = TinyWeights.Write(folder.PathTo("weights"), calibrated: true);
        string file = Directory.GetFiles(weights, "recogniser-attack.safetensors").Single();
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^10]);
        IsIll(["doctor", "--weights", weights, "--output", folder.FullName], "embedded model", "recogniser-attack");
    }

    [Fact]
    public void MissingLibtorch_IsSaid_AndTheRestIsLookedAt()
    {
        (int exitCode, string output) = Examine(() => throw new MissingLibraryException("Nothing there."));
        Assert.Equal(1, exitCode);
        Assert.Contains("Install the tool again. (Nothing there.)", output);
        Assert.Contains("can be written to", output);
        Assert.Contains("not looked at without libtorch", output);
    }

    [Fact]
    public void WrongOneDnn_IsSaid_AndDealtWith()
    {
        (int exitCode, string output) = Examine(() =>
            new CpuLibrariesState(NnpackIsOff: true, OneDnnIsOff: false, ConvolutionsAreRight: false, SwitchesWereFound: true));
        Assert.Equal(0, exitCode);
        Assert.Contains("wrong on this processor", output);
    }

    [Fact]
    public void OtherLibtorch_IsIll()
    {
        (int exitCode, string output) = Examine(() =>
            new CpuLibrariesState(NnpackIsOff: false, OneDnnIsOff: false, ConvolutionsAreRight: true, SwitchesWereFound: false));
        Assert.Equal(1, exitCode);
        Assert.Contains("1 thing needs doing.", output);
    }

    [Theory]
    [InlineData(0.5e9, false)]
    [InlineData(2e9, true)]
    public void Memory_IsEnoughForTheModel(double bytes, bool isWell) => Assert.Equal(isWell, Machine.Memory(bytes).IsWell);

    private static void IsIll(string[] arguments, params string[] texts)
    {
        ToolRun run = Tool.Run([.. arguments, "--json"]);
        Assert.Equal(1, run.ExitCode);
        JsonElement ill = Assert.Single(
            JsonDocument.Parse(run.Output).RootElement.GetProperty("findings").EnumerateArray(),
            f => !f.GetProperty("isWell").GetBoolean());
        Assert.All(texts, text => Assert.Contains(text, ill.GetRawText()));
        Assert.Contains("To do", Tool.Run(arguments).Output);
    }

    // Without the embedded model, which is the same in all of these.
    private static (int ExitCode, string Output) Examine(Func<CpuLibrariesState> prepare)
    {
        using var output = new StringWriter();
        var command = new DoctorCommand(new CommandContext(new Terminal { Output = output, Error = TextWriter.Null }, default), prepare);
        using var folder = new TemporaryFolder();
        return (command.Parse(["--output", folder.FullName]).Invoke(), output.ToString());
    }
}
