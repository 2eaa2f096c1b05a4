namespace Costate.Faces.Models;

/// <summary>The latent of a sample.</summary>
/// <param name="State">It.</param>
/// <param name="RoundTripError">The largest difference of what it is decoded to from the sample, beside the largest entry of the sample;
/// null where nobody asked.</param>
internal sealed record InvertedSample(NoiseState State, double? RoundTripError);
