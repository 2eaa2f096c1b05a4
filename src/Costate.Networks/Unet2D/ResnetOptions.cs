namespace Costate.Networks;

/// <summary>What all residual blocks of a network have in common.</summary>
/// <param name="Execution">How the network computes.</param>
/// <param name="TimeChannels">Width of the time embedding; null for blocks without time.</param>
/// <param name="Groups">Groups of the normalisations.</param>
/// <param name="Eps">What they add to the variance.</param>
/// <param name="ScaleShift">Whether time scales and shifts rather than being added.</param>
/// <param name="Activation">The activation.</param>
/// <param name="Dropout">Probability of dropout in training mode.</param>
/// <param name="OutputScale">By what the sum of block and shortcut is divided.</param>
internal sealed record ResnetOptions(
    Execution Execution,
    int? TimeChannels,
    int Groups,
    double Eps,
    bool ScaleShift,
    Activation Activation,
    double Dropout = 0,
    double OutputScale = 1);
