using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Losses made of losses, and of networks, whose answers in 16 bits are summed in 32. A loss is any function from samples [batch, ...] to
/// one value for each item, [batch], that autograd can follow.
/// </summary>
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
            throw new ArgumentException(
                $"Got the weights [{string.Join(", ", terms.Select(term => term.Weight))}]; give at least one, all finite.",
                nameof(terms));
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

    /// <summary>That a classifier sees a class: <c>-log p(class | x)</c>.</summary>
    /// <param name="classifier">From samples [batch, ...] to logits, [batch, classes], through autograd.</param>
    /// <param name="classes">The class of each item.</param>
    /// <returns>A loss; it throws <see cref="ArgumentException"/> where the logits do not fit the classes.</returns>
    public static Func<Tensor, Tensor> Classifier(Func<Tensor, Tensor> classifier, params long[] classes)
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(classes);
        long[] kept = [.. classes];
        return x =>
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor logits = classifier(x).ToWorkingPrecision();
            if (logits.dim() != 2 || logits.shape[0] != kept.Length || kept.Any(c => c < 0 || c >= logits.shape[1]))
            {
                throw new ArgumentException(
                    $"Got logits of shape {Shapes.Text(logits)} for the classes [{string.Join(", ", kept)}]; "
                        + $"expected [{kept.Length}, classes] with each of them below the number of classes.",
                    nameof(classifier));
            }

            return logits
                .log_softmax(1)
                .gather(1, tensor(kept, device: logits.device).unsqueeze(1))
                .squeeze(1)
                .neg()
                .MoveToOuterDisposeScope();
        };
    }

    /// <summary>That a recogniser sees somebody: 1 less the cosine of the angle between embeddings, in [0, 2].</summary>
    /// <param name="embed">From samples [batch, ...] to embeddings, [batch, n], through autograd.</param>
    /// <param name="target">Whom, as embeddings [batch, n], or [1, n] for all items. Not copied, not disposed.</param>
    /// <returns>A loss; it throws <see cref="ArgumentException"/> where the embeddings do not fit the target.</returns>
    public static Func<Tensor, Tensor> Identity(Func<Tensor, Tensor> embed, Tensor target)
    {
        ArgumentNullException.ThrowIfNull(embed);
        ArgumentNullException.ThrowIfNull(target);
        Finite.CheckInput(target, nameof(target));
        return x =>
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor embeddings = embed(x).ToWorkingPrecision();
            if (
                embeddings.dim() != 2
                || target.dim() != 2
                || embeddings.shape[1] != target.shape[1]
                || (target.shape[0] != 1 && target.shape[0] != embeddings.shape[0]))
            {
                throw new ArgumentException(
                    $"Got embeddings of shape {Shapes.Text(embeddings)} for a target of shape {Shapes.Text(target)}; "
                        + "expected [batch, n] and [batch, n] or [1, n].",
                    nameof(target));
            }

            using Scalar one = 1.0;
            return nn
                .functional.cosine_similarity(embeddings, target.to(embeddings.dtype), 1, 1e-12)
                .neg()
                .add(one)
                .MoveToOuterDisposeScope();
        };
    }
}
