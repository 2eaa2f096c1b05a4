namespace Costate.Networks;

/// <summary>What the attentions of a network have in common.</summary>
/// <param name="Execution">How the network computes.</param>
/// <param name="Heads">Number of heads.</param>
/// <param name="HeadWidth">Width of a head.</param>
/// <param name="IsNormed">Whether queries and keys are normalised.</param>
internal sealed record JointAttentionOptions(Execution Execution, int Heads, int HeadWidth, bool IsNormed)
{
    /// <summary>Width of the vectors.</summary>
    internal int Width => Heads * HeadWidth;
}
