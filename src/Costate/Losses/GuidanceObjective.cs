using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The user's loss within a run: one value for each item, errors that name the step and the time, and a count of evaluations.
/// </summary>
/// <param name="loss">The loss.</param>
/// <param name="batch">Items.</param>
/// <param name="dtype">That of the caller, in which the loss is given its samples; the gradient comes back in theirs.</param>
/// <param name="watch">Takes items whose loss or gradient is not finite after the first evaluation; null makes such a loss an
/// error.</param>
internal sealed class GuidanceObjective(Func<Tensor, Tensor> loss, int batch, ScalarType dtype, DivergenceWatch? watch = null)
{
    private int step;
    private double time;
    private bool iterates;

    internal long Evaluations { get; private set; }

    private string At => iterates ? $"in iteration {step}" : FormattableString.Invariant($"at step {step} (time {time:G6})");

    private bool MustBeFinite => watch is null || (Evaluations == 1 && watch.HasNone);

    /// <summary>Says where in the run the next evaluations happen.</summary>
    internal void Enter(int step, double time) => (this.step, this.time, iterates) = (step, time, false);

    /// <summary>Says that the next evaluations are of samples, at the end of the grid, in an iteration.</summary>
    internal void EnterIteration(int iteration, double end) => (step, time, iterates) = (iteration, end, true);

    /// <summary>The loss, [batch], and its gradient; NaN and 0 for items that diverged. Both go to the caller's dispose scope.</summary>
    internal (Tensor Loss, Tensor Gradient) Gradient(Tensor x)
    {
        Evaluations++;
        (Tensor value, Tensor gradient) = LossFunction.Evaluate(sample => loss(AsCallers(sample)), x, () => At, MustBeFinite);
        CheckPerItem(value);
        return watch is null ? (value, gradient) : (Watched(value, watch), watch.Kept(gradient, step, time));
    }

    /// <summary>The loss alone, [batch], without a graph; NaN for items that diverged.</summary>
    internal Tensor Value(Tensor x)
    {
        Evaluations++;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor value =
            loss(AsCallers(x))
            ?? throw new InvalidOperationException($"The loss returned null {At}; it must return one value for each item, [batch].");
        value = value.detach().reshape(-1).clone();
        CheckPerItem(value);
        if (MustBeFinite)
        {
            LossFunction.CheckFinite(value, () => At);
        }

        return (watch is null ? value : Watched(value, watch)).MoveToOuterDisposeScope();
    }

    private Tensor AsCallers(Tensor x) => x.dtype == dtype ? x : x.to(dtype);

    private Tensor Watched(Tensor value, DivergenceWatch its)
    {
        using Tensor kept = its.Kept(value, step, time);
        return its.WithNaN(kept);
    }

    private void CheckPerItem(Tensor value)
    {
        if (value.numel() != batch)
        {
            throw new InvalidOperationException(
                $"The loss returned {value.numel()} values for a batch of {batch} {At}; guidance treats each item by itself and needs one "
                    + $"value for each, [{batch}]. Sum or average over all dimensions but the first.");
        }
    }
}
