using static TorchSharp.torch;

namespace Costate;

/// <summary>A guided sample, how well it did, and what it cost.</summary>
public sealed class GuidedSample : TensorResult
{
    internal GuidedSample(
        Tensor sample,
        Tensor loss,
        Tensor stepLosses,
        IReadOnlyList<DivergedItem> diverged,
        GradientCost cost,
        long lossEvaluations)
    {
        (Sample, Loss, StepLosses, Diverged, Cost, LossEvaluations) = (sample, loss, stepLosses, diverged, cost, lossEvaluations);
    }

    /// <summary>The sample, in the shape of x_T. NaN for an item that diverged.</summary>
    public Tensor Sample { get; }

    /// <summary>The loss of each item of the sample, [batch]; NaN for an item that diverged.</summary>
    public Tensor Loss { get; }

    /// <summary>
    /// The loss of the prediction at each step, the last one where a step repeats, [steps, batch]; NaN where the step was not guided.
    /// </summary>
    public Tensor StepLosses { get; }

    /// <summary>The items that diverged; the others are what they would have been without them.</summary>
    public IReadOnlyList<DivergedItem> Diverged { get; }

    /// <summary>What it cost in evaluations and vector-Jacobian products of the network.</summary>
    public GradientCost Cost { get; }

    /// <summary>Evaluations of the loss on the whole batch, with and without gradient.</summary>
    public long LossEvaluations { get; }

    private protected override IEnumerable<Tensor?> Tensors => [Sample, Loss, StepLosses];
}
