using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Finds small changes of the states along a trajectory whose sample has a low loss: FlowGrad (Liu et al. 2023) and OC-Flow (Wang et al.
/// 2025).
/// </summary>
/// <remarks>
/// <para>The control u_i is added to the state at grid point i before the step from there: <c>x_{i+1} = step(x_i + u_i)</c>. The gradient
/// with respect to all of them is the adjoint state along the trajectory, exact for any solver, from one sweep of the discrete adjoint;
/// with
/// <see cref="ControlOptions.StraightnessThreshold"/> nearly straight steps are merged in that sweep, which saves products.</para>
/// <para>The published code of both returns the last controls; this the best, by the loss plus the regularisation, item by item. N
/// evaluations, N with a graph and N vector-Jacobian products an iteration, of both as many less as steps are merged, N evaluations more at
/// the end; N of the solver's evaluations. An item that a rate too large drives to numbers that are not finite is reported, keeps the best
/// it had, and the others go on. Controls are carried in at least 32 bits. Immutable; as thread-safe as its denoiser.</para>
/// </remarks>
public sealed class ControlOptimisation
{
    private readonly Sampler sampler;
    private readonly ControlOptions options;
    private readonly Checkpointing? checkpointing;

    /// <summary>An optimisation of the controls of a sampler.</summary>
    /// <param name="sampler">The sampler. Its solver must not be reversible: what a reversible solver carries besides the state would be
    /// left behind.</param>
    /// <param name="options">The descent. The default is that of <see cref="ControlOptions.FlowGrad"/> with the exact gradient.</param>
    /// <param name="checkpointing">Which states the adjoint keeps. The default keeps all.</param>
    /// <exception cref="ArgumentException">The solver is reversible, or an option leaves its range.</exception>
    public ControlOptimisation(Sampler sampler, ControlOptions? options = null, Checkpointing? checkpointing = null)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        this.options = options ?? new ControlOptions();
        this.options.Check();
        if (sampler.Solver.IsReversible)
        {
            throw new ArgumentException(
                $"{sampler.Solver.Name} carries two states, of which a control would change one. Use another solver, "
                    + $"such as {nameof(Solver.Ddim)}.",
                nameof(sampler));
        }

        // Gradients of weights would be computed in vain.
        this.sampler = new Sampler(sampler.Denoiser.WithoutParameters(), sampler.Schedule, sampler.Solver, sampler.Grid);
        this.checkpointing = checkpointing;
    }

    /// <summary>Draws a sample under controls and takes the gradient of a loss with respect to them.</summary>
    /// <param name="xT">Start noise, [batch, ...], floating point.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="controls">u, [steps, batch, ...]: one for each step of the grid, in the dtype of x_T.</param>
    /// <param name="loss">From a sample to one value for each item, [batch].</param>
    /// <param name="noise">The path of a stochastic solver; others ignore it.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite.</exception>
    /// <exception cref="InvalidOperationException">The network or the loss returned another shape, NaN or infinity, or the loss has no
    /// gradient.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public ControlGradient Gradient(
        Tensor xT,
        Condition? z,
        Tensor controls,
        Func<Tensor, Tensor> loss,
        BrownianPath? noise = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(controls);
        ArgumentNullException.ThrowIfNull(loss);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun run = sampler.Checked(xT, z, noise, progress, cancellationToken);
        CheckControls(controls, xT);
        ControlGradient gradient = Gradient(
            run,
            controls.ToWorkingPrecision(),
            new GuidanceObjective(loss, checked((int)xT.shape[0]), xT.dtype));
        return new ControlGradient(
            gradient.Loss,
            gradient.Sample.to(xT.dtype),
            gradient.Controls.to(xT.dtype),
            gradient.Cost
        ).MoveToOuterDisposeScope();
    }

    /// <summary>Optimises the controls, from none.</summary>
    /// <param name="xT">Start noise, [batch, ...], floating point.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="loss">From a sample to one value for each item, [batch].</param>
    /// <param name="noise">The path of a stochastic solver; others ignore it.</param>
    /// <param name="progress">Told after each network evaluation of each iteration.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <inheritdoc cref="Gradient(Tensor, Condition?, Tensor, Func{Tensor, Tensor},
    /// BrownianPath?, IProgress{StepProgress}?, CancellationToken)"
    /// path="/exception"/>
    public ControlledSample Optimise(
        Tensor xT,
        Condition? z,
        Func<Tensor, Tensor> loss,
        BrownianPath? noise = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(loss);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun run = sampler.Checked(xT, z, noise, progress, cancellationToken);
        int batch = checked((int)xT.shape[0]);
        var watch = new DivergenceWatch(batch, xT.dtype);
        var objective = new GuidanceObjective(loss, batch, xT.dtype, watch);
        Tensor controls = zeros([sampler.Grid.Steps, .. xT.shape], Precision.AtLeastSingle(xT.dtype), xT.device);
        using var best = new BestSoFar();
        List<Tensor> history = [];
        for (int iteration = 0; iteration <= options.Iterations; iteration++)
        {
            using DisposeScope inner = NewDisposeScope();
            objective.EnterIteration(iteration, sampler.Grid.End);

            // What is not finite without any control is an error.
            SamplingRun its = iteration == 0 ? run : run with { Admit = watch.InIteration(iteration) };
            ControlGradient? gradient = iteration < options.Iterations && !watch.HasAll ? Gradient(its, controls, objective) : null;
            (Tensor sample, Tensor value) = gradient is not null ? (gradient.Sample, gradient.Loss)
                : watch.HasAll ? (best.Values[0], watch.WithNaN(best.Values[1]))
                : Evaluate(its, controls, objective);
            best.Take(Regularised(value, controls), [sample, value, controls], batchDimension: [0, 0, 1]);
            history.Add(value.to(controls.dtype).MoveToOuterDisposeScope());
            if (gradient is not null)
            {
                using Tensor before = controls;
                Tensor moved = controls.Times(options.Decay).AddTimes(gradient.Controls, -options.LearningRate);
                controls = watch
                    .Kept(moved.transpose(0, 1), iteration, sampler.Grid.End)
                    .transpose(0, 1)
                    .contiguous()
                    .MoveToOuterDisposeScope();
            }
        }

        return new ControlledSample(
            best.Values[0].to(xT.dtype, copy: true),
            best.Values[1].clone(),
            best.Values[2].to(xT.dtype, copy: true),
            stack(history),
            watch.Items,
            run.Meter.Total
        ).MoveToOuterDisposeScope();
    }

    private ControlGradient Gradient(SamplingRun run, Tensor controls, GuidanceObjective objective)
    {
        using StraightSteps? straight = options.StraightnessThreshold > 0 ? new StraightSteps(run, options.StraightnessThreshold) : null;
        SamplingRun controlled = Controlled(run, controls) with { OnPrediction = straight is null ? null : straight.Record };
        using StateTape states = new DiscreteMethod(checkpointing).Record(controlled);
        using GradientTape tape = straight is null ? states : new StraightenedTape(controlled, states, straight);
        (Tensor value, Tensor cotangent) = objective.Gradient(tape.Sample);
        return new ControlGradient(value, tape.Sample.alias(), tape.PullBack(cotangent).Stacked(..), run.Meter.Total);
    }

    private static (Tensor Sample, Tensor Loss) Evaluate(SamplingRun run, Tensor controls, GuidanceObjective objective)
    {
        var executor = new TableExecutor(Controlled(run, controls));
        using LiveSet live = executor.Complete(executor.Begin());
        Tensor sample = executor.Sample(live).alias();
        return (sample, objective.Value(sample));
    }

    /// <summary>A run with a control, an input of the table, at each point of the grid but the last.</summary>
    internal static SamplingRun Controlled(SamplingRun run, Tensor controls)
    {
        int noises = run.Table.NoiseIntervals.Count;
        return run with
        {
            Table = run.Table.WithControls([.. Enumerable.Range(0, run.Grid.Steps)]),
            Input = (i, like) => i < noises ? run.Input(i, like) : controls[i - noises],
            WantedInputs = noises..,
        };
    }

    // The loss with the regularisation that the decay stands for, [batch].
    private Tensor Regularised(Tensor loss, Tensor controls)
    {
        Tensor squares = controls.square().transpose(0, 1).reshape(controls.shape[1], -1).sum([1L]);
        return loss.ToWorkingPrecision().clone().AddTimes(squares, options.RegularizationWeight / 2);
    }

    private void CheckControls(Tensor controls, Tensor xT)
    {
        if (!controls.shape.AsSpan().SequenceEqual([sampler.Grid.Steps, .. xT.shape]) || controls.dtype != xT.dtype)
        {
            throw new ArgumentException(
                $"Got controls of shape {Shapes.Text(controls)} and dtype {controls.dtype} for {sampler.Grid.Steps} steps from x_T of "
                    + $"shape {Shapes.Text(xT)} and dtype {xT.dtype}; they are [steps, batch, ...] in the dtype of x_T.",
                nameof(controls));
        }

        Finite.CheckInput(controls, nameof(controls));
    }
}
