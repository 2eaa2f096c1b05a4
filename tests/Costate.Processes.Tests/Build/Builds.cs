namespace Costate.Processes.Tests.Build;

/// <summary>Tests that build or pack the libraries where they lie, one at a time.</summary>
internal static class Builds
{
    public const string OneAtATime = nameof(Builds);
}
