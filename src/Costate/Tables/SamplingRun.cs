using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>One run of a sampler with all its inputs, checked. The executor and the gradient methods share it.</summary>
internal sealed record SamplingRun
{
    internal required Denoiser Denoiser { get; init; }

    internal required SolverTable Table { get; init; }

    internal required Solver Solver { get; init; }

    internal required TimeGrid Grid { get; init; }

    /// <summary>The caller's start; <see cref="ToState(Tensor)"/> of it is the first state.</summary>
    internal required Tensor Start { get; init; }

    /// <summary>The dtype of the states: 64 bits for a reversible solver, else the caller's, with at least 32 bits.</summary>
    internal ScalarType StateType => Solver.IsReversible ? ScalarType.Float64 : Precision.AtLeastSingle(CallerType);

    /// <summary>Whether the state of a row is carried in two words: those that a reversible solver solves for.</summary>
    internal bool KeepsRemainder(int row) => Solver.IsReversible && Table.IsCarrier(row);

    internal required Condition? Condition { get; init; }

    internal required BrownianPath? Noise { get; init; }

    internal required IProgress<StepProgress>? Progress { get; init; }

    internal required CancellationToken Cancellation { get; init; }

    /// <summary>The dtype of the caller's x_T, in which results are returned.</summary>
    internal required ScalarType CallerType { get; init; }

    /// <summary>The dtype that the network sees.</summary>
    internal ScalarType NetworkType => Denoiser.Dtype ?? CallerType;

    internal CostMeter Meter { get; private init; } = new();

    internal NoiseSchedule Schedule => Table.Schedule;

    /// <summary>What the first evaluations of the network left for those that repeat them; null where none is repeated.</summary>
    internal EvaluationReplay? Replay { get; init; }

    /// <summary>What is known of the inputs that the network's graph does not reach.</summary>
    internal GraphReach Graph { get; private init; } = new();

    /// <summary>Whether the condition's gradient is wanted, if it can have one.</summary>
    internal bool WantsConditionGradient { get; init; } = true;

    /// <summary>Whether the condition has a gradient.</summary>
    internal bool ConditionIsDifferentiable => WantsConditionGradient && Condition is { Values: var values } && values.is_floating_point();

    /// <summary>A tensor of the caller's as a state. A handle of its own.</summary>
    internal Tensor ToState(Tensor tensor) => Precision.As(tensor, StateType);

    /// <summary>A state as the caller has it. A handle of its own.</summary>
    internal Tensor ToCaller(Tensor state) => Precision.As(state, CallerType);

    /// <summary>Cotangents as the caller has them.</summary>
    internal Cotangents ToCaller(Cotangents cotangents) => cotangents with
    {
        Start = ToCaller(cotangents.Start),
        Condition = cotangents.Condition is Tensor gradient ? Precision.As(gradient, Condition!.Values.dtype) : null,
        Parameters = [.. cotangents.Parameters.Zip(Denoiser.Parameters, (gradient, parameter) => Precision.As(gradient, parameter.dtype))],
    };

    /// <summary>Is shown each output of the network, alive during the call.</summary>
    internal Action<Tensor>? OnOutput { get; private init; }

    /// <summary>Number of the first item in the caller's batch, for error messages.</summary>
    internal int FirstItem { get; init; }

    /// <summary>What is added to the states on the way; null for nothing.</summary>
    internal ControlSignal? Controls { get; private init; }

    /// <summary>Where the adjoint may take one product for several steps; null for nowhere.</summary>
    internal StraightSteps? Straight { get; private init; }

    /// <summary>
    /// Takes the items to which the network's answer is not finite, in an iteration of an optimisation or, where a time is given, the
    /// guided step from there; null makes that an error.
    /// </summary>
    internal (DivergenceWatch Items, int Step, double? Time)? Watch { get; private init; }

    /// <summary>The same run under controls.</summary>
    internal SamplingRun WithControls(ControlSignal controls, StraightSteps? straight = null) => this with { Controls = controls, Straight = straight ?? Straight };

    /// <summary>The same run in a step of guidance, in which items may diverge.</summary>
    internal SamplingRun WithWatch(DivergenceWatch items, int step, double time) => this with { Watch = (items, step, time) };

    /// <summary>The same run of one iteration of an optimisation, in which items may diverge.</summary>
    internal SamplingRun WithWatch(DivergenceWatch items, int iteration) => this with { Watch = (items, iteration, null) };

    /// <summary>The same run from other tensors; costs count together.</summary>
    internal SamplingRun WithInputs(Tensor start, Condition? condition) => this with { Start = start, Condition = condition };

    /// <summary>The same run of one item of the batch.</summary>
    internal SamplingRun WithItem(Tensor start, Condition? condition, int item) => this with { Start = start, Condition = condition, FirstItem = item };

    /// <summary>The same run through another table.</summary>
    internal SamplingRun WithTable(SolverTable table) => this with { Table = table };

    /// <summary>The same run of another sampler from another state; costs count together.</summary>
    internal SamplingRun WithSampler(Sampler sampler, Tensor start, Condition? condition, Action<Tensor> onOutput) => this with
    {
        Denoiser = sampler.Denoiser,
        Table = sampler.Table,
        Solver = sampler.Solver,
        Grid = sampler.Grid,
        Start = start,
        Condition = condition,
        Noise = null,
        Progress = null,
        OnOutput = onOutput,
        Controls = null,
        Straight = null,
        Replay = null,
    };

    /// <summary>
    /// The network's output at a state, in the dtype of the states, checked to be finite and counted. The caller's dispose scope receives
    /// it.
    /// </summary>
    internal Tensor Evaluate(Tensor x, TableRow row, Tensor? z)
    {
        Tensor output = Replay is null ? Call() : Replay.Evaluate(row, NetworkType, Call);
        Meter.Evaluations += Denoiser.EvaluationsPerPrediction;
        if (!output.requires_grad && is_grad_enabled() && (x.requires_grad || z is { requires_grad: true }))
        {
            Graph.Check(this, row, output, x, z, reachesX: !x.requires_grad, reachesZ: z is not { requires_grad: true });
        }

        if (Watch is (DivergenceWatch items, int step, var time))
        {
            Tensor kept = items.Kept(output, step, time ?? row.Time);

            // Where the first answer of all is a number for no item, the network is at fault and no guidance.
            if (time is not null && items.HasAll && Meter.Evaluations == Denoiser.EvaluationsPerPrediction)
            {
                Finite.CheckOutput(output, row, FirstItem);
            }

            output = kept;
        }
        else
        {
            Finite.CheckOutput(output, row, FirstItem);
        }

        OnOutput?.Invoke(output);
        return output;

        Tensor Call() => Denoiser.Call(x, row.Time, row.NetworkTime, z, CallerType);
    }

    /// <summary>
    /// The network at a row with its graph, ready for <see cref="Pull"/>. The result lives in the caller's dispose scope.
    /// </summary>
    internal VectorJacobianProduct Linearize(Tensor x, TableRow row)
    {
        using Tensor? z = Condition?.At(row.Interval);
        return VectorJacobianProduct.Begin((leaf, condition) => Evaluate(leaf, row, condition), x, z, ConditionIsDifferentiable, NetworkType);
    }

    /// <summary>
    /// Takes a cotangent of the network's output to the state, the condition (null where it has no gradient) and the sums of the
    /// parameters. Once only.
    /// </summary>
    /// <exception cref="InvalidOperationException">The output depends on an input that its graph does not reach.</exception>
    internal (Tensor X, Tensor? Z) Pull(VectorJacobianProduct linearized, TableRow row, Tensor cotangent, ParameterGradients? parameters = null)
    {
        (Tensor? x, Tensor? z) = linearized.Reach(cotangent, parameters);
        Meter.Products++;
        Graph.Check(this, row, linearized.Output, linearized.X, linearized.Z, x is not null, z is not null);
        return (x ?? zeros_like(linearized.X, requires_grad: false), ConditionIsDifferentiable ? z ?? zeros_like(linearized.Z!, requires_grad: false) : null);
    }

    /// <summary>Repeats the first evaluation of the sample, and refuses a network that answers otherwise.</summary>
    internal void CheckFirstEvaluation()
    {
        using DisposeScope scope = NewDisposeScope();
        TableRow first = Table.Rows[Table.EvaluatedRows[0]];

        // It happens at x_T, or at a second copy of it.
        using Tensor x = ToState(Start);
        Tensor at = first.States.Count == 0 ? x : x.Times(first.States.Sum(term => term.Weight));
        Replay!.Check(first, NetworkType, EvaluateAgain(at, first, Condition?.At(first.Interval)));
    }

    /// <summary>
    /// The network's output at other inputs than those of the first evaluation, unchecked; a network that draws, draws the same numbers.
    /// </summary>
    internal Tensor EvaluateAgain(Tensor x, TableRow row, Tensor? z)
    {
        Meter.Evaluations += Denoiser.EvaluationsPerPrediction;
        return Replay is null ? Call() : Replay.Repeat(row, Call);

        Tensor Call() => Denoiser.Call(x, row.Time, row.NetworkTime, z, CallerType);
    }
}
