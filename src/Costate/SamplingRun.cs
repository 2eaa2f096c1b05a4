using static TorchSharp.torch;

namespace Costate;

/// <summary>One run of a sampler with all its inputs, checked. The executor and the gradient methods share it.</summary>
internal sealed class SamplingRun
{
    internal required Denoiser Denoiser { get; init; }

    internal required SolverTable Table { get; init; }

    internal required Solver Solver { get; init; }

    internal required TimeGrid Grid { get; init; }

    /// <summary>The caller's start; <see cref="ToState(Tensor)"/> of it is the first state.</summary>
    internal required Tensor Start { get; init; }

    /// <summary>The dtype of the states: 64 bits for a reversible solver, else the caller's.</summary>
    internal ScalarType StateType => Solver.IsReversible ? ScalarType.Float64 : NetworkType;

    /// <summary>Whether the state of a row is carried in two words: those that a reversible solver solves for.</summary>
    internal bool KeepsRemainder(int row) => Solver.IsReversible && Table.IsCarrier(row);

    internal required Condition? Condition { get; init; }

    internal required BrownianPath? Noise { get; init; }

    internal required IProgress<StepProgress>? Progress { get; init; }

    internal required CancellationToken Cancellation { get; init; }

    /// <summary>The dtype that the network sees; the states of a reversible solver are carried in 64 bits whatever it is.</summary>
    internal required ScalarType NetworkType { get; init; }

    internal CostMeter Meter { get; private init; } = new();

    internal NoiseSchedule Schedule => Table.Schedule;

    /// <summary>Whether the condition can have a gradient.</summary>
    internal bool ConditionIsDifferentiable => Condition is { Values: var values } && values.is_floating_point();

    /// <summary>A tensor of the caller's as a state. A handle of its own.</summary>
    internal Tensor ToState(Tensor tensor) => tensor.dtype == StateType ? tensor.alias() : tensor.to(StateType);

    /// <summary>A state as the caller has it. A handle of its own.</summary>
    internal Tensor ToCaller(Tensor state) => state.dtype == NetworkType ? state.alias() : state.to(NetworkType);

    /// <summary>Cotangents as the caller has them.</summary>
    internal Cotangents ToCaller(Cotangents cotangents) => cotangents with { Start = ToCaller(cotangents.Start) };

    /// <summary>Is shown each output of the network, alive during the call.</summary>
    internal Action<Tensor>? OnOutput { get; private init; }

    /// <summary>Number of the first item in the caller's batch, for error messages.</summary>
    internal int FirstItem { get; init; }

    /// <summary>What is added to the states on the way; null for nothing.</summary>
    internal ControlSignal? Controls { get; private init; }

    /// <summary>Where the adjoint may take one product for several steps; null for nowhere.</summary>
    internal StraightSteps? Straight { get; private init; }

    /// <summary>
    /// Takes the items to which the network's answer is not finite, in an iteration of an optimisation or, where a time is given, the guided step from
    /// there; null makes that an error.
    /// </summary>
    internal (DivergenceWatch Items, int Step, double? Time)? Watch { get; private init; }

    /// <summary>The same run under controls.</summary>
    internal SamplingRun WithControls(ControlSignal controls, StraightSteps? straight = null) => With(Table, Start, Condition, FirstItem, controls, straight);

    /// <summary>The same run in a step of guidance, in which items may diverge.</summary>
    internal SamplingRun WithWatch(DivergenceWatch items, int step, double time) => With(Table, Start, Condition, FirstItem, watch: (items, step, time));

    /// <summary>The same run of one iteration of an optimisation, in which items may diverge.</summary>
    internal SamplingRun WithWatch(DivergenceWatch items, int iteration) => With(Table, Start, Condition, FirstItem, watch: (items, iteration, null));

    /// <summary>The same run from other tensors; costs count together.</summary>
    internal SamplingRun WithInputs(Tensor start, Condition? condition) => With(Table, start, condition, FirstItem);

    /// <summary>The same run of one item of the batch.</summary>
    internal SamplingRun WithItem(Tensor start, Condition? condition, int item) => With(Table, start, condition, item);

    /// <summary>The same run through another table.</summary>
    internal SamplingRun WithTable(SolverTable table) => With(table, Start, Condition, FirstItem);

    /// <summary>The same run of another sampler from another state; costs count together.</summary>
    internal SamplingRun WithSampler(Sampler sampler, Tensor start, Condition? condition, Action<Tensor> onOutput) => new()
    {
        Denoiser = sampler.Denoiser,
        Table = sampler.Table,
        Solver = sampler.Solver,
        Grid = sampler.Grid,
        FirstItem = FirstItem,
        Start = start,
        Condition = condition,
        Noise = null,
        Progress = null,
        Cancellation = Cancellation,
        Meter = Meter,
        NetworkType = NetworkType,
        OnOutput = onOutput,
        Watch = Watch,
    };

    /// <summary>The network's output at a state, checked to be finite and counted. The caller's dispose scope receives it.</summary>
    internal Tensor Evaluate(Tensor x, TableRow row, Tensor? z)
    {
        bool casts = x.dtype != NetworkType;
        Tensor output = Denoiser.Call(casts ? x.to(NetworkType) : x, row.NetworkTime, z);
        Meter.Evaluations += Denoiser.EvaluationsPerPrediction;
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
        return casts ? output.to(x.dtype) : output;
    }

    private SamplingRun With(
        SolverTable table,
        Tensor start,
        Condition? condition,
        int firstItem,
        ControlSignal? controls = null,
        StraightSteps? straight = null,
        (DivergenceWatch Items, int Step, double? Time)? watch = null) => new()
        {
            Controls = controls ?? Controls,
            Watch = watch ?? Watch,
            Straight = straight ?? Straight,
            Denoiser = Denoiser,
            Table = table,
            FirstItem = firstItem,
            OnOutput = OnOutput,
            Solver = Solver,
            Grid = Grid,
            Start = start,
            Condition = condition,
            Noise = Noise,
            Progress = Progress,
            Cancellation = Cancellation,
            Meter = Meter,
            NetworkType = NetworkType,
        };
}
