namespace Costate.Faces.Machines;

/// <summary>Something about the machine or the tool, and what to do about it where it is not well.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Found">How it is.</param>
/// <param name="Remedy">What to do; null where all is well.</param>
internal sealed record Finding(string Name, string Found, string? Remedy = null)
{
    public bool IsWell => Remedy is null;
}
