using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Costate.Testing;

namespace Costate.Cli.Tests.Commands;

/// <summary>The tool as a process of its own: exit codes, streams, and Ctrl-C.</summary>
public sealed partial class ProcessTests
{
    private const int InterruptSignal = 2;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    [Fact]
    public void ExitCodes_AreThoseOfTheCommand()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(0, Finish(Start("--version")).ExitCode);
        Assert.Equal(1, Finish(Start("sample", "--model", "none.pt", "--schedule", "edm", "--prediction", "data", "--shape", "2", "--output", folder.PathTo("out"))).ExitCode);
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
    [InlineData("sample", "200000")]
    [InlineData("gradient", "200000", "--loss", "sum")]
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

    private static Process Start(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Costate.Cli.dll");
        return Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["OMP_NUM_THREADS"] = "1" },
        })!;
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
