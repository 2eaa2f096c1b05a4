namespace Costate;

/// <summary>How <see cref="CpuLibraries.Prepare"/> leaves the libraries below libtorch.</summary>
/// <param name="NnpackIsOff">Whether NNPACK is switched off, so that it writes nothing.</param>
/// <param name="OneDnnIsOff">Whether oneDNN is switched off, now or before.</param>
/// <param name="ConvolutionsAreRight">
/// Whether convolutions in 32 bits whose channels are no multiple of 16 come out right. Where they do not, use the networks of
/// Costate.Networks alone, or compute in 64 bits.
/// </param>
/// <param name="SwitchesWereFound">Whether this libtorch has the switches where they are known to be. Without them nothing was
/// switched.</param>
public sealed record CpuLibrariesState(bool NnpackIsOff, bool OneDnnIsOff, bool ConvolutionsAreRight, bool SwitchesWereFound);
