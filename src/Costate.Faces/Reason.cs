namespace Costate.Faces;

/// <summary>The text of an exception as part of another.</summary>
internal static class Reason
{
    /// <summary>Without the name of the parameter, which speaks of the program's insides.</summary>
    internal static string Of(Exception error)
    {
        int at = error is InputException ? -1 : error.Message.IndexOf(" (Parameter '", StringComparison.Ordinal);
        return at < 0 ? error.Message : error.Message[..at];
    }

    /// <summary>The message of a native error, without its trace.</summary>
    internal static string FirstLine(string message)
    {
        string line = message.Split('\n').FirstOrDefault(l => !string.IsNullOrWhiteSpace(l)) ?? "";
        return line.Trim();
    }
}
