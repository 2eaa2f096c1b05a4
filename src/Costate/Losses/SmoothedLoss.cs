using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>The loss with its gradient, smoothed by a Gaussian and normalised, item by item.</summary>
internal sealed class SmoothedLoss(GuidanceObjective objective, GuidanceNoise noise, int draws)
{
    /// <summary>
    /// <c>-log mean_i exp(-L(x + deviation n_i))</c> and its gradient, the mean of the draws' gradients with weights softmax(-L).
    /// </summary>
    internal (Tensor Loss, Tensor Gradient) At(Tensor x, double deviation)
    {
        if (deviation == 0)
        {
            return objective.Gradient(x);
        }

        using DisposeScope scope = NewDisposeScope();
        var each = Enumerable
            .Range(0, draws)
            .Select(_ => objective.Gradient(x.clone().AddTimes(noise.OfSmoothing(x), deviation)))
            .ToArray();
        Tensor losses = stack([.. each.Select(draw => draw.Loss)]).neg();
        Tensor weights = losses.softmax(0);
        Tensor gradient = PerItem(weights[0], x) * each[0].Gradient;
        for (int i = 1; i < draws; i++)
        {
            gradient.add_(PerItem(weights[i], x) * each[i].Gradient);
        }

        using Scalar logDraws = Math.Log(draws);
        Tensor loss = losses.logsumexp(0).neg_().add_(logDraws);
        return (loss.MoveToOuterDisposeScope(), gradient.MoveToOuterDisposeScope());
    }

    /// <summary>A gradient divided as told; an item whose divisor is 0 is not guided.</summary>
    internal static Tensor Normalized(Tensor gradient, Tensor loss, Tensor noisePrediction, GuidanceNormalization normalization)
    {
        if (normalization == GuidanceNormalization.None)
        {
            return gradient.alias();
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor divisor = normalization == GuidanceNormalization.Loss ? loss.abs().to(gradient.dtype) : Rms(gradient);
        Tensor factor = where(divisor.logical_not(), divisor, divisor.reciprocal());
        if (normalization == GuidanceNormalization.RmsToNoise)
        {
            factor *= Rms(noisePrediction);
        }

        return (gradient * PerItem(factor, gradient)).MoveToOuterDisposeScope();
    }

    private static Tensor Rms(Tensor x) => x.reshape(x.shape[0], -1).square().mean([1L]).sqrt();

    private static Tensor PerItem(Tensor values, Tensor like) =>
        values.to(like.dtype).reshape([-1, .. Enumerable.Repeat(1L, (int)like.dim() - 1)]);
}
