using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Draws samples that agree with a linear measurement, by methods that take turns between the measurement and the network.
/// </summary>
/// <remarks>
/// Every draw and decision is per item. An item that diverges is reported, the others go on. States are carried in at least 32 bits. No
/// gradient of the network is taken. Immutable; as thread-safe as its denoiser.
/// </remarks>
/// <param name="denoiser">The network; its own guidance composes with this one.</param>
/// <param name="schedule">The schedule it was trained on, whose noise over signal reaches the method's levels.</param>
/// <param name="method">The method.</param>
public sealed class AnnealedSampler(Denoiser denoiser, NoiseSchedule schedule, AnnealedMethod method)
{
    /// <summary>The method.</summary>
    public AnnealedMethod Method => method;

    /// <summary>Draws a sample given a measurement.</summary>
    /// <param name="start">Standard normal noise, [batch, ...], floating point; for PnP-Flow the image to begin with.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>. It cannot be scheduled.</param>
    /// <param name="measurement">What is known of each item.</param>
    /// <param name="seed">Of all noise of the run: one seed for the batch, or one for each item. The default value is 0.</param>
    /// <param name="progress">Told after each level.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>The sample; losses are squared norms of the residual, at each level of what it began with.</returns>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite, or a level is not of the
    /// schedule; the message says what to do.</exception>
    /// <exception cref="InvalidOperationException">The network returned another shape, or its first answer is finite for no item; the
    /// message names item, step and time.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public GuidedSample Sample(
        Tensor start,
        Condition? z,
        Measurement measurement,
        NoiseSeeds seed = default,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(measurement);
        if (z is { IsScheduled: true })
        {
            throw new InputException(nameof(z), "a scheduled condition", "one for the whole run", "Levels are no intervals of a grid.");
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        double[] levels = Method.Levels;
        Denoiser frozen = denoiser.WithoutParameters();
        int batch = checked((int)start.shape[0]), draws = 0;
        seed.Check(nameof(seed), batch);
        var watch = new DivergenceWatch(batch, start.dtype);
        var objective = new GuidanceObjective(measurement.SquaredNorm, batch, start.dtype, watch);
        var noise = new PerStepNoise(seed);
        var meter = new CostMeter();
        List<Tensor> losses = [];

        // PnP-Flow begins with an image, the others with noise of the first level.
        Tensor x = start.ToWorkingPrecision().Times(Method is FlowDenoising ? 1 : levels[0]);
        for (int k = 0; k < levels.Length; k++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope();
            (int index, double time) = (k, schedule.TimeAtHalfLogSnr(-Math.Log(levels[k])));
            objective.Enter(k, time);
            losses.Add(objective.Value(x).to(x.dtype).MoveToOuterDisposeScope());
            using Tensor before = x;
            Tensor next = Method.Take(new AnnealedStep(
                frozen,
                schedule,
                k,
                levels[k],
                k + 1 < levels.Length ? levels[k + 1] : 0,
                before,
                measurement,
                (sampler, from) => Sampler.Sample(
                    sampler.Checked(from, z, sampler.Solver.IsStochastic ? Path() : null, null, cancellationToken)
                        with
                    { Meter = meter, Admit = watch.InStep(index, time) }),
                Draw));
            x = watch.Replace(next, () => zeros_like(next), levels[k], index, time).MoveToOuterDisposeScope();
            progress?.Report(new StepProgress(SamplingPhase.Sampling, k + 1, levels.Length, time));
        }

        objective.Enter(levels.Length, 0);
        Tensor final = watch.WithNaN(objective.Value(x));
        return new GuidedSample(
            watch.WithNaN(x).to(start.dtype), final, stack(losses), watch.Items, meter.Total, objective.Evaluations
        ).MoveToOuterDisposeScope();

        Tensor Draw(Tensor like) => noise.Draw(draws++, like.shape, like.dtype, like.device);

        // Each run of a stochastic solver has noise of its own.
        BrownianPath Path() => BrownianPath.PerStep(seed.For(0x616e6e65616c0000 + (ulong)draws++));
    }
}
