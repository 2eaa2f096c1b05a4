using static TorchSharp.torch;

namespace Costate;

/// <summary>Sums the gradient with respect to the condition, by interval if it is scheduled.</summary>
internal sealed class ConditionCotangent
{
    private readonly bool isScheduled;

    internal ConditionCotangent(SamplingRun run)
    {
        isScheduled = run.Condition?.IsScheduled ?? false;
        Sum = run.ConditionIsDifferentiable
            ? zeros_like(run.Condition!.Values, dtype: Precision.AtLeastSingle(run.Condition.Values.dtype), requires_grad: false)
            : null;
    }

    /// <summary>The sum so far, or null where the condition has no gradient.</summary>
    internal Tensor? Sum { get; }

    /// <summary>Adds a product that belongs to an interval.</summary>
    internal void Add(int interval, Tensor product, double weight = 1)
    {
        if (isScheduled)
        {
            using Tensor entry = Sum![interval];
            entry.AddTimes(product, weight);
        }
        else
        {
            Sum!.AddTimes(product, weight);
        }
    }
}
