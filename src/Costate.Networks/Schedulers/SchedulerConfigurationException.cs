namespace Costate.Networks;

/// <summary>
/// A scheduler's configuration could not be read or used. The message names the file, the option, what was found there, what was
/// expected and what to do about it.
/// </summary>
/// <remarks>
/// Files come from elsewhere, so this is the one exception that their contents can cause. Errors of the file system arrive as this
/// exception too, with the original one as <see cref="Exception.InnerException"/>.
/// </remarks>
public sealed class SchedulerConfigurationException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was found, what was expected and what to do.</param>
    public SchedulerConfigurationException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the error that caused it.</summary>
    /// <param name="message">What was found, what was expected and what to do.</param>
    /// <param name="innerException">The cause, such as an error of the file system.</param>
    public SchedulerConfigurationException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
