namespace Costate.Studio.Forms;

/// <summary>When a field is there.</summary>
/// <param name="Field">The other field.</param>
/// <param name="Values">The values of it for which it is.</param>
internal sealed record FieldCondition(string Field, params IReadOnlyList<string> Values);
