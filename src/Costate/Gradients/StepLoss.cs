using static TorchSharp.torch;

namespace Costate;

/// <summary>A loss on the way to a sample: on a state of the grid, or on the data predicted there.</summary>
/// <remarks>
/// In a sampler's <c>Gradient</c> it is a further seed of the backward pass: no evaluation of the network more. It keeps one tensor of a
/// state's size until then, two for a prediction.
/// </remarks>
public sealed class StepLoss
{
    private StepLoss(int gridIndex, bool onPrediction, Func<Tensor, Tensor> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        (GridIndex, OnPrediction, Loss) = (gridIndex, onPrediction, loss);
    }

    /// <summary>The point of the grid, 0 for x_T.</summary>
    public int GridIndex { get; }

    /// <summary>Whether the loss is on the predicted data rather than the state.</summary>
    public bool OnPrediction { get; }

    /// <summary>From states or predictions [batch, ...] to one number for each item, [batch].</summary>
    public Func<Tensor, Tensor> Loss { get; }

    /// <summary>A loss on the state at a grid point.</summary>
    /// <param name="gridIndex">Which, from 0 (x_T) to the number of steps (the sample).</param>
    /// <param name="loss">From states [batch, ...] to one number for each item, [batch].</param>
    public static StepLoss AtState(int gridIndex, Func<Tensor, Tensor> loss) => new(gridIndex, onPrediction: false, loss);

    /// <summary>A loss on the data prediction x0 at a grid point, from the first evaluation of the network at its time.</summary>
    /// <param name="gridIndex">Which, from 0 to the last at which the solver evaluates the network.</param>
    /// <param name="loss">From predictions [batch, ...] to one number for each item, [batch].</param>
    public static StepLoss AtPrediction(int gridIndex, Func<Tensor, Tensor> loss) => new(gridIndex, onPrediction: true, loss);

    /// <inheritdoc/>
    public override string ToString() => $"{(OnPrediction ? nameof(AtPrediction) : nameof(AtState))}({GridIndex})";
}
