using System.Diagnostics.CodeAnalysis;

namespace Costate.Cli;

/// <summary>A failure told to the user in full by its message: what was got, what was expected, what to do.</summary>
internal class CommandException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>A failure that lies in what the user typed.</summary>
internal sealed class UsageException(string message) : CommandException(message)
{
    /// <summary>Refuses what the user typed where it is wrong.</summary>
    internal static void ThrowIf([DoesNotReturnIf(true)] bool isWrong, string message)
    {
        if (isWrong)
        {
            throw new UsageException(message);
        }
    }
}
