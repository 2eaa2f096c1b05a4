namespace Costate.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    internal const int Done = 0;
    internal const int Failed = 1;
    internal const int BadUsage = 2;
    internal const int Cancelled = 130;

    internal const string Help = "Exit codes: 0 done, 1 failed, 2 bad usage, 130 cancelled.";
}
