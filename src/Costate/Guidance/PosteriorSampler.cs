using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Draws samples that agree with a linear measurement, by a method whose step is known in closed form: no strength is tuned for a loss.
/// </summary>
/// <remarks>
/// Every draw and decision is per item. An item that diverges is reported, the others go on. States are carried in at least 32 bits. One
/// network evaluation a step, and the vector-Jacobian products that the method tells. Immutable; as thread-safe as its denoiser.
/// </remarks>
public sealed class PosteriorSampler
{
    private readonly Sampler sampler;
    private readonly GuidedStep[] steps;

    /// <summary>A sampler of the posterior.</summary>
    /// <param name="denoiser">The network; its own guidance composes with this one.</param>
    /// <param name="schedule">The schedule it was trained on.</param>
    /// <param name="grid">Where it steps.</param>
    /// <param name="method">The method.</param>
    /// <exception cref="InvalidOperationException">The grid rises, or starts where alpha is 0.</exception>
    public PosteriorSampler(Denoiser denoiser, NoiseSchedule schedule, TimeGrid grid, PosteriorMethod method)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentNullException.ThrowIfNull(method);
        (sampler, steps) = Prepared(denoiser, schedule, grid, method.Eta);
        Method = method;
    }

    /// <summary>The method.</summary>
    public PosteriorMethod Method { get; }

    /// <summary>Where it steps.</summary>
    public TimeGrid Grid => sampler.Grid;

    /// <summary>Draws a sample given a measurement.</summary>
    /// <param name="xT">Start noise, [batch, ...], floating point.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="measurement">What is known of each item.</param>
    /// <param name="seed">Of all noise of the run: one seed for the batch, or one for each item. The default value is 0.</param>
    /// <param name="progress">Told after each step of the grid.</param>
    /// <param name="cancellationToken">Looked at before each step.</param>
    /// <returns>The sample; losses are squared norms of the residual.</returns>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite, or the operator has no solution
    /// that the method needs; the message says what to do.</exception>
    /// <exception cref="InvalidOperationException">The network returned another shape, or its first answer is finite for no item; the
    /// message names item, step and time.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public GuidedSample Sample(
        Tensor xT,
        Condition? z,
        Measurement measurement,
        NoiseSeeds seed = default,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun run = sampler.Checked(xT, z, null, null, cancellationToken);
        run = run with { Condition = run.Condition?.KeepGradients(_ => false) };
        seed.Check(nameof(seed), xT.shape[0]);
        int batch = checked((int)xT.shape[0]);
        var watch = new DivergenceWatch(batch, xT.dtype);
        var objective = new GuidanceObjective(measurement.SquaredNorm, batch, xT.dtype, watch);
        var noise = new GuidanceNoise(seed, steps.Length);
        List<Tensor> losses = [];
        Tensor x = xT.ToWorkingPrecision();
        foreach (GuidedStep weights in steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope();
            (int index, double time) = (weights.At.Index, weights.At.Time);
            objective.Enter(index, time);
            using Tensor before = x;
            var step = new PosteriorStep(
                run with { Admit = watch.InStep(index, time) }, weights, before, measurement, () => noise.OfStep(index, 0, before));
            (Tensor data, Tensor next) = Method.Take(step);
            x = watch.Replace(run, next, weights.At.NextSigma, index, time).MoveToOuterDisposeScope();
            losses.Add(objective.Value(data).to(x.dtype).MoveToOuterDisposeScope());
            progress?.Report(new StepProgress(SamplingPhase.Sampling, index + 1, steps.Length, weights.At.NextTime));
        }

        objective.Enter(steps.Length, Grid.End);
        Tensor final = watch.WithNaN(objective.Value(x));
        return new GuidedSample(
            watch.WithNaN(x).to(xT.dtype), final, stack(losses), watch.Items, run.Meter.Total, objective.Evaluations
        ).MoveToOuterDisposeScope();
    }

    /// <summary>A sampler over the frozen network and the steps of an eta.</summary>
    internal static (Sampler Sampler, GuidedStep[] Steps) Prepared(Denoiser denoiser, NoiseSchedule schedule, TimeGrid grid, double eta)
    {
        if (grid.TowardsNoise || schedule.Alpha(grid.Start) == 0)
        {
            throw new InvalidOperationException(
                $"A measurement is of data, which the state must tell: it needs a falling grid that starts where alpha is not 0 ({grid}, "
                    + FormattableString.Invariant($"alpha = {schedule.Alpha(grid.Start):G6}). Start the grid later."));
        }

        Denoiser frozen = denoiser.WithoutParameters();
        return (
            new Sampler(frozen, schedule, Solver.Ddim(), grid),
            GuidedStep.All(frozen, schedule, grid, new GuidanceOptions { Eta = eta }));
    }
}
