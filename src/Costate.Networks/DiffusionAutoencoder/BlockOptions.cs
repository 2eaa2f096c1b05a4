using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>What all residual blocks of the U-Net, or of the encoder, have in common.</summary>
/// <param name="TimeChannels">Width of the time embedding; null for the encoder's blocks, which have one convolution and no
/// conditions.</param>
/// <param name="CodeChannels">Width of the semantic code.</param>
/// <param name="Dropout">Probability of dropout in training mode.</param>
/// <param name="BeginsAtZero">Whether the last convolution of a new block is zero.</param>
/// <param name="Device">Where parameters are made; null for random ones on the CPU.</param>
internal sealed record BlockOptions(int? TimeChannels, int CodeChannels, double Dropout, bool BeginsAtZero, Device? Device);
