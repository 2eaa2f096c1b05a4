using static TorchSharp.torch;

namespace Costate;

/// <summary>One run of a sampler with all its inputs, checked. The executor and the gradient methods share it.</summary>
internal sealed class SamplingRun
{
    internal required Denoiser Denoiser { get; init; }

    internal required SolverTable Table { get; init; }

    internal required Solver Solver { get; init; }

    internal required TimeGrid Grid { get; init; }

    internal required Tensor Start { get; init; }

    internal required Condition? Condition { get; init; }

    internal required BrownianPath? Noise { get; init; }

    internal required IProgress<StepProgress>? Progress { get; init; }

    internal required CancellationToken Cancellation { get; init; }

    internal CostMeter Meter { get; private init; } = new();

    internal NoiseSchedule Schedule => Table.Schedule;

    /// <summary>Whether the condition can have a gradient.</summary>
    internal bool ConditionIsDifferentiable => Condition is { Values: var values } && values.is_floating_point();

    /// <summary>The same run from other tensors; costs count together.</summary>
    internal SamplingRun WithInputs(Tensor start, Condition? condition) => new()
    {
        Denoiser = Denoiser,
        Table = Table,
        Solver = Solver,
        Grid = Grid,
        Start = start,
        Condition = condition,
        Noise = Noise,
        Progress = Progress,
        Cancellation = Cancellation,
        Meter = Meter,
    };

    /// <summary>The network's output at a state, checked to be finite and counted. The caller's dispose scope receives it.</summary>
    internal Tensor Evaluate(Tensor x, TableRow row, Tensor? z)
    {
        Tensor output = Denoiser.Call(x, row.NetworkTime, z);
        Meter.Evaluations += Denoiser.EvaluationsPerPrediction;
        Finite.CheckOutput(output, row);
        return output;
    }
}
