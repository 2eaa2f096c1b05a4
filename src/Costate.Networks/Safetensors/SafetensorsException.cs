namespace Costate.Networks;

/// <summary>
/// A safetensors file could not be opened, read or written. The message names the file, what was found there, what
/// was expected and what to do about it.
/// </summary>
/// <remarks>
/// Files come from elsewhere, so this is the one exception that their contents can cause. Errors of the file system
/// (a missing file, no permission, a full disk) arrive as this exception too, with the original one as
/// <see cref="Exception.InnerException"/>.
/// </remarks>
public sealed class SafetensorsException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was found, what was expected and what to do.</param>
    public SafetensorsException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the error that caused it.</summary>
    /// <param name="message">What was found, what was expected and what to do.</param>
    /// <param name="innerException">The cause, such as an error of the file system.</param>
    public SafetensorsException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The error for a file whose contents break the format.</summary>
    internal static SafetensorsException Damaged(string path, string got, string expected, Exception? cause = null) =>
        new(
            $"Cannot read '{path}': {got}; expected {expected}. "
            + "The file is damaged, incomplete or not safetensors: fetch or export it again.",
            cause);
}
