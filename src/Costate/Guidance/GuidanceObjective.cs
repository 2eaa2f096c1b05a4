using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>The user's loss within a run: one value for each item, errors that name the step and the time, and a count of evaluations.</summary>
internal sealed class GuidanceObjective(Func<Tensor, Tensor> loss, int batch)
{
    private string at = "at the start";

    internal long Evaluations { get; private set; }

    /// <summary>Says where in the run the next evaluations happen.</summary>
    internal void Enter(int step, double time) => at = FormattableString.Invariant($"at step {step} (time {time:G6})");

    /// <summary>The loss, [batch], and its gradient. Both go to the caller's dispose scope.</summary>
    internal (Tensor Loss, Tensor Gradient) Gradient(Tensor x)
    {
        Evaluations++;
        (Tensor value, Tensor gradient) = LossFunction.Evaluate(loss, x, at);
        CheckPerItem(value);
        return (value, gradient);
    }

    /// <summary>The loss alone, [batch], without a graph.</summary>
    internal Tensor Value(Tensor x)
    {
        Evaluations++;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor value = loss(x) ?? throw new InvalidOperationException($"The loss returned null {at}; it must return one value for each item, [batch].");
        value = value.detach().reshape(-1).clone();
        CheckPerItem(value);
        LossFunction.CheckFinite(value, at);
        return value.MoveToOuterDisposeScope();
    }

    private void CheckPerItem(Tensor value)
    {
        if (value.numel() != batch)
        {
            throw new InvalidOperationException($"The loss returned {value.numel()} values for a batch of {batch} {at}; guidance treats each item by itself and needs one value for each, [{batch}]. Sum or average over all dimensions but the first.");
        }
    }
}
