using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Takes the steps of one guided run.</summary>
internal sealed class GuidedStepper(
    SamplingRun run,
    GuidanceOptions options,
    GuidanceNoise noise,
    GuidanceObjective objective,
    DivergenceWatch watch)
{
    private readonly SmoothedLoss loss = new(objective, noise, options.SmoothingDraws);

    /// <summary>
    /// A step with its repeats. The loss is that of the last prediction, null where nothing is guided. Lives in the caller's dispose scope.
    /// </summary>
    internal (Tensor Next, Tensor? Loss) Take(GuidedStep step, Sampler ahead, Tensor x)
    {
        run = run with { Admit = watch.InStep(step.At.Index, step.At.Time) };
        Tensor state = x.alias();
        for (int repeat = 0; ; repeat++)
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor next, Tensor? value) = Once(step, ahead, state, repeat);
            next = watch.Replace(run, next, step.At.NextSigma, step.At.Index, step.At.Time);
            if (repeat + 1 == step.Repeats)
            {
                return (next.MoveToOuterDisposeScope(), value?.MoveToOuterDisposeScope());
            }

            using Tensor before = state;
            state = next.Times(step.ReturnState)
                .AddTimes(noise.OfReturn(step.At.Index, repeat, next), step.ReturnNoise)
                .MoveToOuterDisposeScope();
        }
    }

    private (Tensor Next, Tensor? Loss) Once(GuidedStep step, Sampler ahead, Tensor x, int repeat)
    {
        run.Cancellation.ThrowIfCancellationRequested();

        // The posterior mean is a combination of the state and one output of the network, and its gradient takes one product.
        bool isMean = options.Lookahead.Method is null && IsPosteriorMean(ahead);
        using LookaheadView? view = !isMean && (step.GuidesState || step.GuidesData)
            ? LookaheadView.From(run, options.Lookahead, ahead, x, step.At.Index, step.GuidesState)
            : null;
        using VectorJacobianProduct? product = isMean && step.GuidesState ? run.Linearize(x, PointOf(step)) : null;
        Tensor output = view?.FirstOutput ?? product?.Output.detach() ?? Evaluate(step, x);
        Tensor data = output.Times(step.ToData.Output);
        if (step.ToData.State != 0)
        {
            data.AddTimes(x, step.ToData.State);
        }

        Tensor next = x.Times(step.State).AddTimes(Clipped(data), step.Data);
        if (step.Noise != 0)
        {
            next.AddTimes(noise.OfStep(step.At.Index, repeat, x), step.Noise);
        }

        if (!step.GuidesState && !step.GuidesData)
        {
            return (next, null);
        }

        Tensor prediction = view?.Prediction ?? data;
        Tensor noisePrediction =
            options.Normalization == GuidanceNormalization.RmsToNoise
                ? x.Times(1 / step.At.Sigma).AddTimes(data, -step.At.Alpha / step.At.Sigma)
                : x;
        (Tensor value, Tensor gradient) = loss.At(prediction, step.Smoothing);
        if (step.GuidesState)
        {
            Tensor pulled = product is null ? view!.PullBack(gradient) : PullBack(step, product, gradient);
            next.AddTimes(SmoothedLoss.Normalized(pulled, value, noisePrediction, options.Normalization), -step.StateGradient);
        }

        if (step.GuidesData)
        {
            next.AddTimes(Descent(step, prediction, value, gradient, noisePrediction), -step.DataStrength * step.DataChange);
        }

        return (next, value);
    }

    // The sum of the gradients of all iterations, of which the first stands at the prediction, whose loss is known.
    private Tensor Descent(GuidedStep step, Tensor prediction, Tensor value, Tensor gradient, Tensor noisePrediction)
    {
        Tensor sum = SmoothedLoss.Normalized(gradient, value, noisePrediction, options.Normalization);
        for (int k = 1; k < options.Iterations; k++)
        {
            Tensor point = prediction.clone().AddTimes(sum, -step.DataStrength);
            (value, gradient) = loss.At(
                watch.Replace(point, () => prediction, step.At.Sigma / step.At.Alpha, step.At.Index, step.At.Time),
                step.Smoothing);
            sum = sum + SmoothedLoss.Normalized(gradient, value, noisePrediction, options.Normalization);
        }

        return sum;
    }

    private EvaluationPoint PointOf(GuidedStep step) => run.Table.Rows[step.At.Index].At;

    private Tensor Evaluate(GuidedStep step, Tensor x) => run.Evaluate(x, PointOf(step));

    private Tensor PullBack(GuidedStep step, VectorJacobianProduct product, Tensor cotangent) =>
        run.Pull(product, PointOf(step), cotangent, step.ToData).X;

    // One evaluation on the way to clean data: whatever the solver, that is x0(x_t).
    private static bool IsPosteriorMean(Sampler ahead) => ahead.Table.EvaluatedRows.Count == 1 && ahead.Schedule.Sigma(ahead.Grid.End) == 0;

    private Tensor Clipped(Tensor data)
    {
        if (options.Clip is not double clip)
        {
            return data;
        }

        using Scalar low = -clip;
        using Scalar high = clip;
        return data.clamp(low, high);
    }
}
