using System.Diagnostics;

namespace Costate.Testing;

/// <summary>Runs the <c>dotnet</c> command in a process of its own.</summary>
internal static class Dotnet
{
    /// <summary>Runs it to its end; what it printed, both streams together, and its exit code.</summary>
    /// <exception cref="TimeoutException">It took longer than <paramref name="limit"/> and was stopped.</exception>
    public static (int ExitCode, string Output) Run(string folder, TimeSpan limit, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // The command that runs the tests leaves settings of its own build behind; nor shall a build server outlive the test.
        foreach (string name in start.Environment.Keys.Where(n => n.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";

        // One thread, as in the test processes: several that wait for each other beside other work take a hundred times as long.
        start.Environment["OMP_NUM_THREADS"] = "1";

        // Nor do counts of what is called often pay for themselves here.
        start.Environment["DOTNET_TieredPGO"] = "0";

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"dotnet {string.Join(' ', arguments)} took longer than {limit}.");
        }

        return (process.ExitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
    }
}
