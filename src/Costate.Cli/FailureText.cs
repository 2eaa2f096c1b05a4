using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Costate.Faces;

namespace Costate.Cli;

/// <summary>What a user is told of an exception.</summary>
internal static partial class FailureText
{
    internal static string Of(Exception error) => error switch
    {
        CommandException or IOException or InvalidDataException or UnauthorizedAccessException or NotSupportedException => error.Message,
        OutOfMemoryException => "Memory does not suffice. Use a smaller --batch, or --method revolve:SLOTS.",
        ExternalException => $"torch refused: {Reason.FirstLine(error.Message)} (--verbose says where.)",
        InputException input => input.Message,
        ArgumentException => Reason.Of(error),
        InvalidOperationException => error.Message,
        _ => $"{error.GetType().Name}: {Reason.FirstLine(error.Message)} This is an error in costate itself; --verbose says where.",
    };

    /// <summary>
    /// The option of a command that stands for a parameter of the library ("guidanceScale" for <c>--guidance-scale</c>), or null.
    /// </summary>
    internal static string? OptionFor(string parameter, Command command)
    {
        string name = "--" + Words().Replace(parameter, "-$1").ToLowerInvariant();
        return command.Options.Any(option => option.Name == name) ? name : null;
    }

    [GeneratedRegex("(?<=.)([A-Z])")]
    private static partial Regex Words();
}
