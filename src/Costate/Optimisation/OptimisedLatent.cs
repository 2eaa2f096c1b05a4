using static TorchSharp.torch;

namespace Costate;

/// <summary>The best that a search over latents found for each item, and how it went.</summary>
public sealed class OptimisedLatent : TensorResult
{
    internal OptimisedLatent()
    {
    }

    /// <summary>x_T, [batch, ...].</summary>
    public required Tensor StartNoise { get; init; }

    /// <summary>z, in the form it was given in; null if there was none.</summary>
    public required Condition? Condition { get; init; }

    /// <summary>
    /// The condition of the unconditional branch, one for each item where it changed; null if the denoiser has none.
    /// </summary>
    public required Condition? Unconditional { get; init; }

    /// <summary>The sample drawn from them, [batch, ...].</summary>
    public required Tensor Sample { get; init; }

    /// <summary>
    /// The loss at each evaluation, [evaluations, batch], 64-bit; NaN where an item had stopped or diverged. [evaluations, 1], the sum over
    /// the batch, where the items share parameters that changed.
    /// </summary>
    public required Tensor Losses { get; init; }

    /// <summary>The lowest loss of each item: that of <see cref="Sample"/>.</summary>
    public required IReadOnlyList<double> BestLoss { get; init; }

    /// <summary>The evaluation, from 0, at which each item had it.</summary>
    public required IReadOnlyList<int> BestIteration { get; init; }

    /// <summary>Network evaluations made for each item while it ran.</summary>
    public required IReadOnlyList<long> NetworkEvaluations { get; init; }

    /// <summary>
    /// The items that diverged, and in which iteration; what is said of them is the best before that. The others are what they would have
    /// been without them. Where the items share parameters that change, those whose numbers were not finite when all stopped.
    /// </summary>
    public required IReadOnlyList<DivergedItem> Diverged { get; init; }

    /// <summary>What it cost in all, an evaluation of a batch counted once; of what was held, the most at one time.</summary>
    public required GradientCost Cost { get; init; }

    private protected override IEnumerable<Tensor?> Tensors =>
    [
        StartNoise,
        .. (Condition?.Entries ?? []).Concat(Unconditional?.Entries ?? []).Select(entry => entry.Values),
        Sample,
        Losses,
    ];
}
