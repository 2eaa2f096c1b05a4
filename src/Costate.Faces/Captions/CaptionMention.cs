namespace Costate.Faces.Captions;

/// <summary>What a caption says of one attribute.</summary>
/// <param name="Attribute">The name of the <see cref="FaceAttribute"/>.</param>
/// <param name="Value">One of its values.</param>
internal sealed record CaptionMention(string Attribute, string Value);
