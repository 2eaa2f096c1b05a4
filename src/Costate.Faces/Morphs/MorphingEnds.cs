using static TorchSharp.torch;

namespace Costate.Faces.Morphs;

/// <summary>
/// Pairs of images as <see cref="Morphing"/> has encoded them, or as they were kept since. Item i of all tensors is pair i.
/// </summary>
public sealed class MorphingEnds : TensorResult
{
    /// <summary>The first images, [pairs, ...].</summary>
    public required Tensor A { get; init; }

    /// <summary>The second images, [pairs, ...].</summary>
    public required Tensor B { get; init; }

    /// <summary>The noise that the first come from, [pairs, ...].</summary>
    public required Tensor StartA { get; init; }

    /// <summary>The noise that the second come from, [pairs, ...].</summary>
    public required Tensor StartB { get; init; }

    /// <summary>The noise vectors of the first, [steps, pairs, ...], of a stochastic sampler (CycleDiffusion); else null.</summary>
    public required Tensor? NoiseA { get; init; }

    /// <summary>The noise vectors of the second.</summary>
    public required Tensor? NoiseB { get; init; }

    /// <summary>The codes of the first, [pairs, ...]; null without.</summary>
    public required Tensor? CodeA { get; init; }

    /// <summary>The codes of the second.</summary>
    public required Tensor? CodeB { get; init; }

    /// <summary>Network evaluations of the encoding, each on both images of all pairs.</summary>
    public required long NetworkEvaluations { get; init; }

    private protected override IEnumerable<Tensor?> Tensors => [A, B, StartA, StartB, NoiseA, NoiseB, CodeA, CodeB];
}
