namespace Costate.Studio.Access;

/// <summary>A request that is answered with a status and a sentence.</summary>
internal sealed class RefusedException(int status, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>The status of HTTP.</summary>
    internal int Status => status;
}
