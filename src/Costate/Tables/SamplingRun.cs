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

    /// <summary>The condition, with what guidance has beside it.</summary>
    internal required Condition? Condition { get; init; }

    internal required BrownianPath? Noise { get; init; }

    internal required IProgress<StepProgress>? Progress { get; init; }

    internal required CancellationToken Cancellation { get; init; }

    /// <summary>The dtype of the caller's x_T, in which results are returned.</summary>
    internal required ScalarType CallerType { get; init; }

    /// <summary>The dtype that the network sees.</summary>
    internal ScalarType NetworkType => Denoiser.Dtype ?? CallerType;

    internal CostMeter Meter { get; init; } = new();

    /// <summary>What looks through the network's outputs.</summary>
    internal OutputChecks Outputs { get; init; } = new();

    internal NoiseSchedule Schedule => Table.Schedule;

    /// <summary>What the first evaluations of the network left for those that repeat them; null where none is repeated.</summary>
    internal EvaluationReplay? Replay { get; init; }

    /// <summary>What is known of the inputs that the network's graph does not reach.</summary>
    internal GraphReach Graph { get; init; } = new();

    /// <summary>A tensor of the caller's as a state. A handle of its own.</summary>
    internal Tensor ToState(Tensor tensor) => Precision.As(tensor, StateType);

    /// <summary>A state as the caller has it. A handle of its own.</summary>
    internal Tensor ToCaller(Tensor state) => Precision.As(state, CallerType);

    /// <summary>Cotangents as the caller has them.</summary>
    internal Cotangents ToCaller(Cotangents cotangents) => cotangents with
    {
        Start = ToCaller(cotangents.Start),
        Inputs = [.. cotangents.Inputs.Select(input => input is null ? null : ToCaller(input))],
        Condition =
        [
            .. cotangents.Condition.Zip(
                Condition?.Entries ?? [],
                (gradient, entry) => gradient is null ? null : Precision.As(gradient, entry.Values.dtype)),
        ],
        Parameters = [.. cotangents.Parameters.Zip(Denoiser.Parameters, (gradient, parameter) => Precision.As(gradient, parameter.dtype))],
    };

    /// <summary>The vector of an input of the table, by its number, like a state; null for zeros. A handle of its own.</summary>
    internal required Func<int, Tensor, Tensor?> Input { get; init; }

    /// <summary>The inputs whose gradient is wanted, by their numbers.</summary>
    internal Range WantedInputs { get; init; }

    /// <summary>Is shown each state of the sample, by its row; alive during the call.</summary>
    internal Action<int, Tensor>? OnState { get; init; }

    /// <summary>
    /// Is shown each row at which the network was evaluated for the sample, the state and the prediction there; alive during the call.
    /// </summary>
    internal Action<int, Tensor, Tensor>? OnPrediction { get; init; }

    /// <summary>Is shown each output of the network; alive during the call.</summary>
    internal Action<Tensor>? OnOutput { get; init; }

    /// <summary>Number of the first item in the caller's batch, for error messages.</summary>
    internal int FirstItem { get; init; }

    /// <summary>
    /// Lets an output of the network pass, or refuses one that is not finite; a watch over items that may diverge mends it.
    /// </summary>
    internal Func<SamplingRun, EvaluationPoint, Tensor, Tensor> Admit { get; init; } = static (run, at, output) =>
    {
        run.Outputs.Check(run.Denoiser, output, at, run.FirstItem);
        return output;
    };

    /// <summary>
    /// The network's output at a state, in the dtype of the states, checked to be finite and counted. The caller's dispose scope receives
    /// it.
    /// </summary>
    internal Tensor Evaluate(Tensor x, EvaluationPoint at, Condition? z)
    {
        Tensor output = Replay is null ? Call() : Replay.Evaluate(at, NetworkType, Call);
        Meter.Evaluations += Denoiser.Evaluations(z, at.Time);
        Meter.Predictions++;
        if (!output.requires_grad && is_grad_enabled())
        {
            Graph.Check(this, at, output, x, z, reachesX: !x.requires_grad, reachesZ: i => !z!.Entries[i].Values.requires_grad);
        }

        output = Admit(this, at, output);
        OnOutput?.Invoke(output);
        return output;

        Tensor Call() => Denoiser.Call(x, at.Time, at.NetworkTime, z, CallerType);
    }

    /// <summary>What a row adds of its inputs, each with its weight, in the caller's dispose scope.</summary>
    internal IEnumerable<(Tensor X, double Weight)> Inputs(TableRow row, Tensor like) =>
        from term in row.Inputs
        let input = Input(term.Index, like)
        where input is not null
        select (input, term.Weight);

    /// <summary>The network's output at a state under the condition there.</summary>
    internal Tensor Evaluate(Tensor x, EvaluationPoint at) => Evaluate(x, at, ConditionAt(at));

    /// <summary>
    /// What the network sees of the condition there, in the caller's dispose scope; what it does not see there has no gradient.
    /// </summary>
    internal Condition? ConditionAt(EvaluationPoint at)
    {
        Condition? z = Condition?.At(at);
        return z is null || Denoiser.Guidance is null ? z : Denoiser.Guidance.Used(z, at.Time);
    }

    /// <summary>
    /// The network at a row with its graph, ready for <see cref="Pull"/>. The result lives in the caller's dispose scope.
    /// </summary>
    internal VectorJacobianProduct Linearize(Tensor x, EvaluationPoint at)
    {
        using DisposeScope scope = NewDisposeScope();
        return VectorJacobianProduct
            .Begin((leaf, condition) => Evaluate(leaf, at, condition), x, ConditionAt(at), NetworkType)
            .MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Takes a cotangent of a prediction through the network to the state (null where its graph does not reach that; in memory that others
    /// may share), the condition's tensors (null where there is none, or zero) and the sums of the parameters. Once only.
    /// </summary>
    /// <exception cref="InvalidOperationException">The output depends on an input that its graph does not reach.</exception>
    internal (Tensor? X, Tensor?[] Z) Reach(
        VectorJacobianProduct linearized,
        EvaluationPoint at,
        Tensor cotangent,
        PredictionConversion conversion,
        ParameterGradients? parameters)
    {
        using Tensor? scaled = conversion.Output == 1 ? null : WeightedSum.Of((cotangent, conversion.Output));
        (Tensor? x, Tensor?[] z) = linearized.Reach(scaled ?? cotangent, parameters);
        Check(linearized, at, x, z);
        return (x, z);
    }

    /// <summary>The same, with what reaches the state beside the network.</summary>
    internal (Tensor X, Tensor?[] Z) Pull(
        VectorJacobianProduct linearized,
        EvaluationPoint at,
        Tensor cotangent,
        PredictionConversion conversion,
        ParameterGradients? parameters = null)
    {
        (Tensor? product, Tensor?[] z) = Reach(linearized, at, cotangent, conversion, parameters);
        using (product)
        {
            return (conversion.PullBack(product, cotangent), z);
        }
    }

    /// <summary>
    /// The same with what changes as the state and the condition move along a direction, and the change of the output. Once only.
    /// </summary>
    /// <exception cref="InvalidOperationException">The output depends on an input that its graph does not reach, or the network has no
    /// second derivatives.</exception>
    internal SecondOrder Push(
        VectorJacobianProduct linearized,
        EvaluationPoint at,
        Tensor x,
        Tensor?[] z,
        (Tensor Cotangent, Tensor Change)? cotangent = null)
    {
        SecondOrder result = linearized.Push(x, z, cotangent, () => $"The network at step {at.Interval}");
        Check(linearized, at, result.X, result.Z);
        return result;
    }

    private void Check(VectorJacobianProduct linearized, EvaluationPoint at, Tensor? x, Tensor?[] z)
    {
        Meter.Products++;
        Condition? condition = linearized.Z;
        Graph.Check(
            this,
            at,
            linearized.Output,
            linearized.X,
            condition,
            reachesX: x is not null,
            reachesZ: i => !condition!.Entries[i].HasGradient || z[i] is not null);
    }

    /// <summary>Tells that the backward pass has passed evaluation k.</summary>
    internal void ReportGradient(int k)
    {
        int total = Table.EvaluatedRows.Count;
        Progress?.Report(new StepProgress(SamplingPhase.Gradient, total - k, total, Table.Rows[Table.EvaluatedRows[k]].Time));
    }

    /// <summary>Repeats the first evaluation of the sample, and refuses a network that answers otherwise.</summary>
    internal void CheckFirstEvaluation()
    {
        using DisposeScope scope = NewDisposeScope();
        TableRow first = Table.Rows[Table.EvaluatedRows[0]];

        // It happens at x_T, or at a second copy of it.
        using Tensor x = ToState(Start);
        Tensor state = first.States.Count == 0 ? x : x.Times(first.States.Sum(term => term.Weight));
        Replay!.Check(first.At, NetworkType, EvaluateAgain(state, first.At, ConditionAt(first.At)));
    }

    /// <summary>
    /// The network's output at other inputs than those of the first evaluation, unchecked; a network that draws, draws the same numbers.
    /// </summary>
    internal Tensor EvaluateAgain(Tensor x, EvaluationPoint at, Condition? z)
    {
        Meter.Evaluations += Denoiser.Evaluations(z, at.Time);
        return Replay is null ? Call() : Replay.Repeat(at, Call);

        Tensor Call() => Denoiser.Call(x, at.Time, at.NetworkTime, z, CallerType);
    }
}
