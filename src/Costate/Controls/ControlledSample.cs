using static TorchSharp.torch;

namespace Costate;

/// <summary>The best sample that an optimisation of controls found, item by item.</summary>
public sealed class ControlledSample : TensorResult
{
    internal ControlledSample(
        Tensor sample,
        Tensor loss,
        Tensor controls,
        Tensor history,
        IReadOnlyList<DivergedItem> diverged,
        GradientCost cost)
    {
        (Sample, Loss, Controls, History, Diverged, Cost) = (sample, loss, controls, history, diverged, cost);
    }

    /// <summary>The sample, in the shape of x_T.</summary>
    public Tensor Sample { get; }

    /// <summary>Its loss, [batch], without the regularisation.</summary>
    public Tensor Loss { get; }

    /// <summary>Its controls, [steps, batch, ...].</summary>
    public Tensor Controls { get; }

    /// <summary>The loss before each iteration and after the last, [iterations + 1, batch]; NaN once an item has diverged.</summary>
    public Tensor History { get; }

    /// <summary>
    /// The items that diverged, and in which iteration; what is said of them is the best before that. The others are what they would have
    /// been without them.
    /// </summary>
    public IReadOnlyList<DivergedItem> Diverged { get; }

    /// <summary>What it cost.</summary>
    public GradientCost Cost { get; }

    private protected override IEnumerable<Tensor?> Tensors => [Sample, Loss, Controls, History];
}
