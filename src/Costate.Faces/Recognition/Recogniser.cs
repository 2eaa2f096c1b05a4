using static TorchSharp.torch;

namespace Costate.Faces.Recognition;

/// <summary>A face recogniser as losses and judgements use it.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Embed">From faces [batch, 3, side, side] in -1..1 to embeddings [batch, width]; differentiable.</param>
/// <param name="Threshold">The cosine similarity above which it takes two faces for one person.</param>
public sealed record Recogniser(string Name, Func<Tensor, Tensor> Embed, double Threshold);
