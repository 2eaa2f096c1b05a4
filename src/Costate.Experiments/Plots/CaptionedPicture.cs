using static TorchSharp.torch;

namespace Costate.Experiments.Plots;

/// <summary>A picture of a sheet, and what stands below it.</summary>
/// <param name="Picture">[3, height, width]: -1 is black and 1 is white.</param>
/// <param name="Lines">From above.</param>
internal sealed record CaptionedPicture(Tensor Picture, params IReadOnlyList<string> Lines);
