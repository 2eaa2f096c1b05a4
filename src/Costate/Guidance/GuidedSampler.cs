using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Draws samples that lower a loss, without training: one operator of which the published training-free methods are points
/// (Ye et al. 2024, "TFG", algorithm 1, widened by the lookahead, the normalisations and universal guidance's way through the noise).
/// </summary>
/// <remarks>
/// <para>A step from t to s, with L the loss smoothed over the predicted data, x0(x_t) the posterior mean and S the DDIM step of the given
/// eta:</para>
/// <para>g = grad of L(lookahead(x_t)) with respect to x_t; d = -(sum over iterations of strength times grad of L at lookahead(x_t) + d);
/// x_s = S(x_t, x0) - strength g + alpha_s d; and, where the step repeats, x_t = (alpha_t/alpha_s) x_s + noise, as the forward process has
/// it. Through the noise (universal guidance) the noise prediction is changed by strength sigma_t g - (alpha_t/sigma_t) d instead, and S
/// with it.</para>
/// <para>Every norm, draw and decision is per item: an item of a batch is what it would be alone with its own seed. An item that diverges
/// is reported, the others go on; so is one to which network or loss answers NaN or infinity on the way. States are carried in at least 32
/// bits. The loss is called with the whole batch, in the dtype of x_T; item i of what it returns may depend on item i alone.</para>
/// <para>Cost of a guided step, with the default lookahead: one network evaluation and, if the state is guided, one vector-Jacobian
/// product. A lookahead of n evaluations takes 2 n and n with <see cref="GradientMethod.Discrete"/>. Immutable; as thread-safe as its
/// denoiser and loss.</para>
/// </remarks>
public sealed class GuidedSampler
{
    private readonly Sampler sampler;
    private readonly GuidedStep[] steps;

    // Made when first needed; two threads may both make one, and they are the same.
    private readonly Sampler?[] lookaheads;

    /// <summary>A guided sampler.</summary>
    /// <param name="denoiser">The network; its own guidance (classifier-free, classifier) composes with this one.</param>
    /// <param name="schedule">The schedule it was trained on.</param>
    /// <param name="grid">Where it steps.</param>
    /// <param name="options">The method; see <see cref="GuidancePreset"/>.</param>
    /// <exception cref="ArgumentException">An option leaves its range.</exception>
    /// <exception cref="InvalidOperationException">A strength is not finite on this grid, the grid rises, or the lookahead's solver cannot
    /// run on it.</exception>
    public GuidedSampler(Denoiser denoiser, NoiseSchedule schedule, TimeGrid grid, GuidanceOptions options)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        if (grid.TowardsNoise)
        {
            throw new InvalidOperationException($"Got a grid from data to noise ({grid}); guidance samples from noise to data.");
        }

        // Gradients of weights would be computed in vain.
        Denoiser frozen = denoiser.WithoutParameters();
        Options = options;
        sampler = new Sampler(frozen, schedule, Solver.Ddim(), grid);
        steps = GuidedStep.All(frozen, schedule, grid, options);
        lookaheads = new Sampler?[grid.Steps];
        LookaheadAt(0);
        LookaheadAt(grid.Steps - 1);
    }

    /// <summary>The method.</summary>
    public GuidanceOptions Options { get; }

    /// <summary>Where it steps.</summary>
    public TimeGrid Grid => sampler.Grid;

    /// <summary>Draws a guided sample.</summary>
    /// <param name="xT">Start noise, [batch, ...], floating point.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="loss">From predicted data [batch, ...] to one value for each item, [batch].</param>
    /// <param name="seed">Of all noise of the run: one seed for the batch, or one for each item. The default value is 0.</param>
    /// <param name="progress">Told after each step of the grid.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite.</exception>
    /// <exception cref="InvalidOperationException">The network or the loss returned another shape, the network's first answer is finite for
    /// no item, the first loss is not finite, or the loss has no gradient; the message names item, step and time.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public GuidedSample Sample(
        Tensor xT,
        Condition? z,
        Func<Tensor, Tensor> loss,
        NoiseSeeds seed = default,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(loss);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun run = sampler.Checked(xT, z, null, null, cancellationToken);
        run = run with { Condition = run.Condition?.KeepGradients(_ => false) };
        seed.Check(nameof(seed), xT.shape[0]);
        int batch = checked((int)xT.shape[0]);
        var watch = new DivergenceWatch(batch, xT.dtype, Options.DivergenceBound);
        var objective = new GuidanceObjective(loss, batch, xT.dtype, watch);
        var noise = new GuidanceNoise(seed, steps.Length);
        var stepper = new GuidedStepper(run, Options, noise, objective, watch);
        List<Tensor> losses = [];
        using Scalar notGuided = double.NaN;
        Tensor x = xT.ToWorkingPrecision();
        foreach (GuidedStep step in steps)
        {
            using DisposeScope inner = NewDisposeScope();
            objective.Enter(step.At.Index, step.At.Time);
            (Tensor next, Tensor? value) = stepper.Take(step, LookaheadAt(step.At.Index), x);
            using Tensor before = x;
            x = next.MoveToOuterDisposeScope();
            losses.Add((value?.to(x.dtype) ?? full([batch], notGuided, x.dtype, xT.device)).MoveToOuterDisposeScope());
            progress?.Report(new StepProgress(SamplingPhase.Sampling, step.At.Index + 1, steps.Length, step.At.NextTime));
        }

        objective.Enter(steps.Length, Grid.End);
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

    // Those of all remaining steps are not kept: together they have as many rows as the square of the grid.
    private Sampler LookaheadAt(int index) => Options.Lookahead.Steps is null
        ? Options.Lookahead.At(sampler.Denoiser, sampler.Schedule, Grid, index)
        : lookaheads[index] ??= Options.Lookahead.At(sampler.Denoiser, sampler.Schedule, Grid, index);
}
