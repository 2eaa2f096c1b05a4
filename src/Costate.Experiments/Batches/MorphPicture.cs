namespace Costate.Experiments.Batches;

/// <summary>A picture that a morph was made from.</summary>
/// <param name="File">As the user gave it.</param>
/// <param name="Sha256">Of the file, in hexadecimal.</param>
internal sealed record MorphPicture(string File, string Sha256);
