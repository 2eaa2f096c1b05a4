using static TorchSharp.torch;

namespace Costate;

/// <summary>Sums the gradients with respect to the condition's tensors, by interval where they are scheduled.</summary>
internal sealed class ConditionCotangents
{
    private readonly IReadOnlyList<ConditionEntry> entries;

    internal ConditionCotangents(SamplingRun run)
    {
        entries = run.Condition?.Entries ?? [];
        Sums =
        [
            .. entries.Select(entry => entry.HasGradient
                ? zeros_like(entry.Values, dtype: Precision.AtLeastSingle(entry.Values.dtype), requires_grad: false)
                : null),
        ];
    }

    /// <summary>The sums so far, in the order of the entries; null of those without gradient.</summary>
    internal Tensor?[] Sums { get; }

    /// <summary>Adds products of an evaluation; null is zero.</summary>
    internal void Add(EvaluationPoint at, Tensor?[] products)
    {
        Add(at.Interval, products);
        AddAtKnots(at.Time, products);
    }

    /// <summary>Adds products that belong to a time, as far as what they are of moves through knots.</summary>
    internal void AddAtKnots(double time, Tensor?[] products, double weight = 1)
    {
        foreach ((int i, Tensor? product) in products.Index())
        {
            foreach ((int knot, double its) in (product is null ? [] : entries[i].Curve?.Weights(time) ?? []).Index())
            {
                using Tensor part = Sums[i]![knot];
                part.AddTimes(product!, its * weight);
            }
        }
    }

    /// <summary>Adds products that belong to an interval, as far as what they are of does not move through knots.</summary>
    internal void Add(int interval, Tensor?[] products, double weight = 1)
    {
        foreach ((int i, Tensor? product) in products.Index())
        {
            if (entries[i].Curve is not null)
            {
                continue;
            }

            if (product is not null && entries[i].IsScheduled)
            {
                using Tensor part = Sums[i]![interval];
                part.AddTimes(product, weight);
            }
            else if (product is not null)
            {
                Sums[i]!.AddTimes(product, weight);
            }
        }
    }
}
