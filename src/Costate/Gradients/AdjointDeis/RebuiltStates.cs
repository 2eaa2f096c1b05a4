using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// States of an SDE rebuilt from the sample and the same Brownian path: each row <c>x' = A x + B m + C n</c> of the table is solved for
/// x, with the prediction taken at x' rather than x, which is what one knows going backwards.
/// </summary>
internal sealed class RebuiltStates : IStateSource
{
    private readonly SamplingRun run;
    private readonly SolverTable table;
    private Tensor? state;

    internal RebuiltStates(SamplingRun run, SolverTable table)
    {
        this.run = run;
        this.table = table;
        if (table.Rows.Count != run.Grid.Steps + 1)
        {
            throw new ArgumentException(
                $"{run.Solver.Name} takes more than one stage a step and cannot be rebuilt from its path. "
                    + $"Use {nameof(Trajectory)}.{Trajectory.Recorded}.");
        }

        if (table.Rows.Skip(1).Any(row => row.States.Count == 0))
        {
            throw new ArgumentException($"{run.Solver.Name} keeps nothing of a state in the next one and cannot be rebuilt from its path. "
                + $"Use {nameof(Trajectory)}.{Trajectory.Recorded}.");
        }
    }

    public void Record(int gridIndex, Tensor recorded)
    {
        if (gridIndex == run.Grid.Steps)
        {
            state = recorded.alias();
            run.Meter.Store(recorded);
        }
    }

    public Tensor At(int node, SchedulePoint point) => state!.alias();

    public void Passed(int node, SchedulePoint at, SchedulePoint next, Tensor output)
    {
        TableRow row = table.Rows[node];
        using DisposeScope scope = NewDisposeScope();
        PredictionConversion conversion = PredictionConversion.Checked(run.Denoiser.Prediction, table.Prediction, at);
        Tensor prediction = output.Times(conversion.Output).AddTimes(state!, conversion.State);
        Tensor rebuilt = state!.clone().AddTimes(prediction, -row.Outputs.Sum(term => term.Weight));
        foreach (TableTerm term in row.Inputs)
        {
            using Tensor? input = run.Input(term.Index, state!);
            rebuilt = input is null ? rebuilt : rebuilt.AddTimes(input, -term.Weight);
        }

        rebuilt.DivideBy(row.States.Single().Weight);
        state!.Dispose();
        state = rebuilt.DetachFromDisposeScope();
    }

    public void Dispose() => state?.Dispose();
}
