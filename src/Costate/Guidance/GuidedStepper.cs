using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Takes the steps of one guided run.</summary>
internal sealed class GuidedStepper(SamplingRun run, GuidanceOptions options, GuidanceNoise noise, GuidanceObjective objective, DivergenceWatch watch)
{
    private readonly SmoothedLoss loss = new(objective, noise, options.SmoothingDraws);

    internal DivergenceWatch Watch => watch;

    /// <summary>A step with its repeats. The loss is that of the last prediction, null where nothing is guided. Lives in the caller's dispose scope.</summary>
    internal (Tensor Next, Tensor? Loss) Take(GuidedStep step, Sampler ahead, Tensor x)
    {
        Tensor state = x.alias();
        for (int repeat = 0; ; repeat++)
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor next, Tensor? value) = Once(step, ahead, state, repeat);
            next = Bounded(step, next);
            if (repeat + 1 == step.Repeats)
            {
                return (next.MoveToOuterDisposeScope(), value?.MoveToOuterDisposeScope());
            }

            using Tensor before = state;
            state = next.Times(step.ReturnState).AddTimes(noise.OfReturn(step.At.Index, repeat, next), step.ReturnNoise).MoveToOuterDisposeScope();
        }
    }

    private (Tensor Next, Tensor? Loss) Once(GuidedStep step, Sampler ahead, Tensor x, int repeat)
    {
        run.Cancellation.ThrowIfCancellationRequested();
        using LookaheadView view = LookaheadView.From(run, options.Lookahead, ahead, x, step.At.Index, step.GuidesState);
        Tensor data = view.FirstOutput.Times(step.ToData.Output).AddTimes(x, step.ToData.State);
        Tensor next = x.Times(step.State).AddTimes(Clipped(data), step.Data);
        if (step.Noise != 0)
        {
            next.AddTimes(noise.OfStep(step.At.Index, repeat, x), step.Noise);
        }

        if (!step.GuidesState && !step.GuidesData)
        {
            return (next, null);
        }

        Tensor noisePrediction = options.Normalization == GuidanceNormalization.RmsToNoise ? x.Times(1 / step.At.Sigma).AddTimes(data, -step.At.Alpha / step.At.Sigma) : x;
        (Tensor value, Tensor gradient) = loss.At(view.Prediction, step.Smoothing);
        if (step.GuidesState)
        {
            next.AddTimes(SmoothedLoss.Normalized(view.PullBack(gradient), value, noisePrediction, options.Normalization), -step.StateGradient);
        }

        if (step.GuidesData)
        {
            next.AddTimes(DataChange(step, view.Prediction, value, gradient, noisePrediction), step.DataChange);
        }

        return (next, value);
    }

    // The first iteration stands at the prediction, whose loss is known.
    private Tensor DataChange(GuidedStep step, Tensor prediction, Tensor value, Tensor gradient, Tensor noisePrediction)
    {
        Tensor change = zeros_like(prediction, requires_grad: false);
        double bound = options.DivergenceBound * Math.Max(1, step.At.Sigma / step.At.Alpha);
        for (int k = 0; k < options.Iterations; k++)
        {
            if (k > 0)
            {
                (value, gradient) = loss.At(watch.Replace(prediction + change, prediction, bound, step.At.Index, step.At.Time), step.Smoothing);
            }

            change.AddTimes(SmoothedLoss.Normalized(gradient, value, noisePrediction, options.Normalization), -step.DataStrength);
        }

        return change;
    }

    private Tensor Bounded(GuidedStep step, Tensor next)
    {
        Tensor standIn = run.Start.Times(step.At.NextSigma / run.Schedule.Sigma(run.Grid.Start));
        return watch.Replace(next, standIn, options.DivergenceBound * Math.Max(1, step.At.NextSigma), step.At.Index, step.At.Time);
    }

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
