namespace Costate.Networks;

/// <summary>What all transformers of a U-Net have in common.</summary>
/// <param name="Execution">How the network computes.</param>
/// <param name="Groups">Groups of the normalisations before them.</param>
/// <param name="LinearProjection">Whether their projections are linear layers rather than 1 x 1 convolutions, which only their tensors'
/// shapes tell apart.</param>
/// <param name="UpcastAttention">Whether a network of 16 bits attends in 32.</param>
internal sealed record TransformerOptions(Execution Execution, int Groups, bool LinearProjection, bool UpcastAttention);
