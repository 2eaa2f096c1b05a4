using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Greedy-DiM* (Blasingame and Liu 2024): DDIM whose noise prediction is optimised at every step, by Adam, for a loss on the data that it
/// predicts.
/// </summary>
/// <remarks>
/// <para>At a state x_t the noise eps starts as the network's and moves against the gradient of <c>L((x_t - sigma_t eps)/alpha_t)</c>; the
/// step is then taken with the best eps seen, the network's own included, item by item. No gradient passes through the network: the cost is
/// one network evaluation a step, and <c>InnerSteps + 1</c> evaluations of the loss, all but one with gradient.</para>
/// <para>An item that diverges under its learning rate (an entry beyond 1000 times the larger of 1 and the scale of the noise, or a loss or
/// gradient that is not finite, or an answer of the network) is reported, the others go on. In float16 the bound is 256. States and noise
/// are carried in at least 32 bits. Immutable; as thread-safe as its denoiser.</para>
/// </remarks>
public sealed class GreedyDim
{
    private readonly Sampler sampler;
    private readonly GreedyDimOptions options;

    /// <summary>A sampler with an optimised noise prediction.</summary>
    /// <param name="denoiser">The network.</param>
    /// <param name="schedule">The schedule it was trained on.</param>
    /// <param name="grid">Where it steps; alpha must not be 0 on it.</param>
    /// <param name="options">The inner optimisation. The default is the published one.</param>
    /// <exception cref="ArgumentException">An option leaves its range.</exception>
    /// <exception cref="InvalidOperationException">The grid rises, or starts where alpha is 0.</exception>
    public GreedyDim(Denoiser denoiser, NoiseSchedule schedule, TimeGrid grid, GreedyDimOptions? options = null)
    {
        this.options = options ?? new GreedyDimOptions();
        this.options.Check();
        sampler = new Sampler(denoiser, schedule, Solver.Ddim(), grid);
        if (schedule.Alpha(grid.Start) == 0 || grid.TowardsNoise)
        {
            throw new InvalidOperationException(
                "Greedy-DiM optimises the noise, which must tell the data: it needs a falling grid that starts where alpha is not 0 "
                    + $"({grid}, alpha = {schedule.Alpha(grid.Start):G6}). Start the grid later.");
        }
    }

    /// <summary>Draws a sample whose predictions lower a loss.</summary>
    /// <param name="xT">Start noise, [batch, ...], floating point.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="loss">From data [batch, ...] to one value for each item, [batch].</param>
    /// <param name="progress">Told after each step of the grid.</param>
    /// <param name="cancellationToken">Looked at before each evaluation of the loss.</param>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite.</exception>
    /// <exception cref="InvalidOperationException">The network returned another shape, or a first answer that is finite for no item, or the
    /// loss another shape, NaN at the start, or no gradient; the message names item, step and time.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public GuidedSample Sample(
        Tensor xT,
        Condition? z,
        Func<Tensor, Tensor> loss,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(loss);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun run = sampler.Checked(xT, z, null, null, cancellationToken);
        var watch = new DivergenceWatch(checked((int)xT.shape[0]), xT.dtype);
        var objective = new GuidanceObjective(loss, checked((int)xT.shape[0]), xT.dtype, watch);
        List<Tensor> losses = [];
        Tensor x = xT.ToWorkingPrecision();
        for (int i = 0; i < sampler.Grid.Steps; i++)
        {
            using DisposeScope step = NewDisposeScope();
            objective.Enter(i, sampler.Grid.Times[i]);
            SchedulePoint s = SchedulePoint.At(sampler.Schedule, sampler.Grid.Times[i]);
            SchedulePoint t = SchedulePoint.At(sampler.Schedule, sampler.Grid.Times[i + 1]);
            (Tensor noise, Tensor best) = Optimise(run with { Admit = watch.InStep(i, s.Time) }, i, x, s, objective, watch);
            var weights = new ExponentialStep(s, t, Prediction.Noise, stochastic: false);
            x = watch.Replace(run, x.Times(weights.State).AddTimes(noise, weights.Weight(1)), t.Sigma, i, s.Time).MoveToOuterDisposeScope();
            losses.Add(best.MoveToOuterDisposeScope());
            progress?.Report(new StepProgress(SamplingPhase.Sampling, i + 1, sampler.Grid.Steps, t.Time));
        }

        objective.Enter(sampler.Grid.Steps, sampler.Grid.End);
        Tensor final = watch.WithNaN(objective.Value(x));
        return new GuidedSample(
            watch.WithNaN(x).to(xT.dtype),
            final,
            stack(losses),
            watch.Items,
            run.Meter.Total,
            objective.Evaluations
        ).MoveToOuterDisposeScope();
    }

    // The best noise and its loss.
    private (Tensor Noise, Tensor Loss) Optimise(
        SamplingRun run,
        int i,
        Tensor x,
        SchedulePoint at,
        GuidanceObjective objective,
        DivergenceWatch watch)
    {
        run.Cancellation.ThrowIfCancellationRequested();
        PredictionConversion toNoise = PredictionConversion.Checked(run.Denoiser.Prediction, Prediction.Noise, at);
        Tensor noise = run.Evaluate(x, run.Table.Rows[i].At).Times(toNoise.Output).AddTimes(x, toNoise.State);
        Tensor start = x.Times(1 / at.Alpha).AddTimes(noise, -at.NoiseToSignal);
        using var best = new BestSoFar();
        using var adam = new ElementwiseAdam(noise, options.LearningRate, options.Beta1, options.Beta2);
        for (int k = 0; k <= options.InnerSteps; k++)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope();
            Tensor data = watch.Replace(
                x.Times(1 / at.Alpha).AddTimes(noise, -at.NoiseToSignal),
                () => start,
                at.NoiseToSignal,
                i,
                at.Time);
            bool last = k == options.InnerSteps;
            (Tensor loss, Tensor? gradient) = last ? (objective.Value(data), null) : objective.Gradient(data);
            best.Take(loss, [noise, loss]);
            if (gradient is not null)
            {
                adam.Step(noise, gradient.Times(-at.NoiseToSignal));
            }
        }

        return (best.Values[0].alias(), best.Values[1].alias());
    }
}
