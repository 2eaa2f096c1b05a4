using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Costate.Cli.Tests;
using Costate.Testing;

namespace Costate.Processes.Tests.Commands;

/// <summary>The tool as a process of its own: exit codes, streams, and Ctrl-C.</summary>
[LongProof]
public sealed partial class ProcessTests
{
    private const int InterruptSignal = 2;
    private const int TerminateSignal = 15;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [Fact]
    public void ExitCodes_AreThoseOfTheCommand()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(0, Finish(Start("--version")).ExitCode);
        Assert.Equal(
            1,
            Finish(
                Start(
                    "sample",
                    "--model",
                    "none.pt",
                    "--schedule",
                    "edm",
                    "--prediction",
                    "data",
                    "--shape",
                    "2",
                    "--output",
                    folder.PathTo("out"))
            ).ExitCode);
        Assert.Equal(2, Finish(Start("study", "--slowly")).ExitCode);
    }

    [Fact]
    public void Json_IsAloneOnTheStandardOutput()
    {
        using var folder = new TemporaryFolder();
        (int exitCode, string output, string error) = Finish(Start(["sample", .. Tool.Inputs(), "--json", "--output", folder.FullName]));
        Assert.True(exitCode == 0, error);
        Assert.Equal("sample", JsonDocument.Parse(output).RootElement.GetProperty("command").GetString());
        Assert.DoesNotContain('\e', output + error);
    }

    [Theory]
    [InlineData("sample", "100000")]
    [InlineData("gradient", "100000", "--loss", "sum")]
    [InlineData("gradient", "4000", "--loss", "sum", "--method", "revolve:1")]
    public void Interrupted_EndsWith130_AndNothingHalfWritten(string command, string steps, params string[] more)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no SIGINT to send to another process.");
        using var folder = new TemporaryFolder();
        string output = folder.PathTo("out");
        folder.Write("out/result.json", "old");
        using Process process = Start([command, .. Tool.Inputs("--steps", steps), .. more, "--output", output]);
        var clock = Stopwatch.StartNew();
        while (Directory.EnumerateDirectories(output, ".costate-*").FirstOrDefault() is null && clock.Elapsed < Limit)
        {
            Thread.Sleep(20);
        }

        // Well into the network evaluations.
        Thread.Sleep(1500);
        Assert.False(process.HasExited);
        Assert.Equal(0, Kill(process.Id, InterruptSignal));
        (int exitCode, _, string error) = Finish(process);

        Assert.Equal(130, exitCode);
        Assert.Contains("Cancelled", error);
        Assert.Equal([Path.Combine(output, "result.json")], Directory.EnumerateFileSystemEntries(output));
        Assert.Equal("old", File.ReadAllText(Path.Combine(output, "result.json")));
    }

    // A pipe to which nobody writes, and a standard input that does not end.
    [Theory]
    [InlineData("-", InterruptSignal)]
    [InlineData("/dev/stdin", TerminateSignal)]
    [InlineData("pipe", InterruptSignal)]
    [InlineData("pipe", TerminateSignal)]
    public void InputThatDoesNotCome_IsWaitedForUntilASignal(string name, int signal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There are neither these signals nor these files elsewhere.");
        using var folder = new TemporaryFolder();
        string picture = name == "pipe" ? folder.PathTo("pipe") : name;
        Finish(StartProgram("mkfifo", [folder.PathTo("pipe")]));
        string output = folder.PathTo("out");
        using Process process = Start(["invert", picture, .. Tool.Inverts(), "--output", output]);
        var clock = Stopwatch.StartNew();
        while (!(Directory.Exists(output) && Directory.EnumerateDirectories(output, ".costate-*").Any()) && clock.Elapsed < Limit)
        {
            Thread.Sleep(20);
        }

        Thread.Sleep(1500);
        Assert.False(process.HasExited);
        Assert.Equal(0, Kill(process.Id, signal));
        Assert.True(process.WaitForExit(Limit));
        (int exitCode, _, string error) = Finish(process);
        Assert.True(exitCode == 130, error);
        Assert.Empty(Directory.Exists(output) ? Directory.EnumerateFileSystemEntries(output) : []);
    }

    // A limit on the size of files refuses the same calls as a full disk, and needs no disk of its own.
    [Theory]
    [InlineData("faces", "draw", "--people", "1", "--pictures", "1", "--size", "256")]
    [InlineData("sample")]
    [InlineData("study")]
    [InlineData("morph", "--iterations", "0", "--encode-steps", "2", "--steps", "2", "--threads", "1")]
    [InlineData("evaluate", "morphs", "--methods", "source", "--pairs", "1", "--candidates", "4", "--threads", "1")]
    [InlineData("gradient", "--loss", "sum")]
    [InlineData("morph", "--batch", "PAIRS", "--iterations", "0", "--encode-steps", "2", "--steps", "2", "--threads", "1")]
    [InlineData("guide", "--task", "inpaint", "--steps", "2")]
    [InlineData("train", "recogniser", "--steps", "1", "--identities", "2", "--circumstances", "2", "--batch", "2", "--width", "8")]
    [InlineData(
        "evaluate",
        "guidance",
        "--faces",
        "1",
        "--methods",
        "unguided",
        "--tasks",
        "inpaint",
        "--evaluations",
        "5",
        "--threads",
        "1")]
    public void FullDisk_EndsWith1_AndNothingHalfWritten(params string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The limit is set by a shell and a signal of Linux.");
        using var folder = new TemporaryFolder();
        string output = folder.PathTo("out");
        string[] inputs = arguments is ["sample" or "gradient", ..] ? Tool.Inputs() : [];
        if (arguments.Contains("PAIRS"))
        {
            File.Copy(Repository.PathTo("eng", "icon.png"), folder.PathTo("a.png"));
            File.Copy(Repository.PathTo("eng", "icon.png"), folder.PathTo("b.png"));
            arguments = [.. arguments.Select(argument => argument == "PAIRS" ? folder.Write("pairs.csv", "a.png,b.png\n") : argument)];
        }

        // Two kilobytes: room for a small JSON file, and for no picture. Without the last setting the runtime itself needs such files.
        const string Limited = "trap '' XFSZ; ulimit -f 4; exec dotnet \"$@\"";
        (int exitCode, _, string error) = Finish(
            StartProgram(
                "sh",
                ["-c", Limited, "sh", Program, .. arguments, .. inputs, "--output", output],
                ("DOTNET_EnableWriteXorExecute", "0")));

        Assert.True(exitCode == 1, $"exit {exitCode}: {error}");
        Assert.Contains("too large", error);
        Assert.DoesNotContain("   at ", error);
        string[] left = Directory.Exists(output) ? Directory.GetFiles(output, "*", SearchOption.AllDirectories) : [];
        string[] whole = ["evaluation.json", ".costate.lock"];
        Assert.All(left, file => Assert.Contains(Path.GetFileName(file), whole));
    }

    [Fact]
    public void KilledTraining_LeavesItsFolderToTheNext()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no SIGKILL.");
        using var folder = new TemporaryFolder();
        string output = folder.PathTo("out");
        string[] training =
        [
            "train",
            "recogniser",
            "--identities",
            "2",
            "--circumstances",
            "2",
            "--batch",
            "2",
            "--width",
            "8",
            "--output",
            output,
        ];
        using Process first = Start([.. training, "--minutes", "5"]);
        var clock = Stopwatch.StartNew();
        while (!File.Exists(Path.Combine(output, "log.csv")) && clock.Elapsed < Limit)
        {
            Thread.Sleep(20);
        }

        (int exitCode, _, string error) = Finish(Start([.. training, "--minutes", "5"]));
        Assert.Equal(1, exitCode);
        Assert.All(
            (string[])["is in use by another run", $"process {first.Id} on ", "costate train recogniser --identities 2", "--minutes 5"],
            text => Assert.Contains(text, error));
        first.Kill(entireProcessTree: true);
        first.WaitForExit();
        Directory.CreateDirectory(Path.Combine(output, ".costate-left"));
        (exitCode, _, error) = Finish(Start([.. training, "--steps", "1"]));
        Assert.True(exitCode == 0, error);
        Assert.Empty(Directory.GetFileSystemEntries(output, ".costate-*"));
    }

    // Spinning threads of torch's wait for one that has no core, where another program takes it: half a minute became ten.
    [Theory]
    [InlineData("", "0")]
    [InlineData("active", "30000000000")]
    public void Threads_SleepWhileTheyWait_UnlessToldOtherwise(string told, string spins)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "OpenMP is another one elsewhere.");
        using var folder = new TemporaryFolder();
        (string, string)[] environment = [("OMP_DISPLAY_ENV", "verbose"), .. told == "" ? [] : new[] { ("OMP_WAIT_POLICY", told) }];
        (int exitCode, _, string error) = Finish(
            StartProgram("dotnet", [Program, "sample", .. Tool.Inputs(), "--output", folder.FullName], environment));
        Assert.True(exitCode == 0, error);
        Assert.Contains($"GOMP_SPINCOUNT = '{spins}'", error);
    }

    // libtorch would write a line for each small convolution, on many virtual machines.
    [Theory]
    [InlineData("morph", "--iterations", "2", "--encode-steps", "10", "--steps", "5")]
    [InlineData("sample")]
    [InlineData("doctor")]
    public void StandardError_HasNothingButProgress(params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        string[] inputs = arguments is ["sample"] ? Tool.Inputs() : [];
        (int exitCode, _, string error) = Finish(Start([.. arguments, .. inputs, "--output", folder.PathTo("out")]));
        Assert.True(exitCode == 0, error);
        Assert.All(error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(@"^[\w ]+: +\d+ ?%", line));
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "Costate.Cli.dll");

    // A test run that a script has put into the background ignores Ctrl-C, and so would what it starts; env takes that back.
    private static Process Start(params string[] arguments) => OperatingSystem.IsLinux()
        ? StartProgram("env", ["--default-signal=INT", "dotnet", Program, .. arguments])
        : StartProgram("dotnet", [Program, .. arguments]);

    private static Process StartProgram(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["OMP_NUM_THREADS"] = "1" },
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private static (int ExitCode, string Output, string Error) Finish(Process process)
    {
        using (process)
        {
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Limit))
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail($"The process did not end within {Limit}.");
            }

            return (process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
