using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Losses made of losses. A loss is any function from samples [batch, ...] to one value for each item, [batch], that autograd can follow.</summary>
public static class GuidanceLoss
{
    /// <summary>A weighted sum of losses.</summary>
    /// <param name="terms">Weights and losses; at least one.</param>
    /// <exception cref="ArgumentException">There are no terms, or a weight is not finite.</exception>
    public static Func<Tensor, Tensor> WeightedSum(params (double Weight, Func<Tensor, Tensor> Loss)[] terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        if (terms.Length == 0 || !terms.All(term => double.IsFinite(term.Weight)))
        {
            throw new ArgumentException($"Got the weights [{string.Join(", ", terms.Select(term => term.Weight))}]; give at least one, all finite.", nameof(terms));
        }

        foreach ((double _, Func<Tensor, Tensor> loss) in terms)
        {
            ArgumentNullException.ThrowIfNull(loss, nameof(terms));
        }

        (double Weight, Func<Tensor, Tensor> Loss)[] kept = [.. terms];
        return x =>
        {
            using DisposeScope scope = NewDisposeScope();
            return kept.Select(term => term.Loss(x).Times(term.Weight)).Aggregate((sum, term) => sum + term).MoveToOuterDisposeScope();
        };
    }
}
