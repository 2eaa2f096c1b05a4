using Costate.Experiments.Guidance;

namespace Costate.Experiments.Reconstruction;

/// <summary>How faces come back from their codes and some noise.</summary>
/// <param name="Noise">Which noise.</param>
/// <param name="Psnr">Peak signal-to-noise ratio in dB, with its 95 % interval.</param>
/// <param name="Ssim">Structural similarity, with its 95 % interval.</param>
/// <param name="Accepted">How many a recogniser takes for the person of another picture.</param>
internal sealed record ReconstructedFaces(string Noise, MeanInterval Psnr, MeanInterval Ssim, IReadOnlyList<Acceptance> Accepted);
