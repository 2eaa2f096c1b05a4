namespace Costate.Studio;

/// <summary>A form that a page sends.</summary>
internal sealed record JobRequest(string? Kind, Dictionary<string, string>? Values);
