namespace Costate;

internal sealed class AdjointDeisMethod : GradientMethod
{
    private readonly int order;
    private readonly Func<TimeGrid, TimeGrid?> gridFor;
    private readonly int? steps;
    private readonly Trajectory? trajectory;
    private readonly GraphBudget graphs;
    private readonly Prediction prediction;

    /// <summary>A null grid means that <paramref name="steps"/> points are to be placed on the sampling grid by index.</summary>
    internal AdjointDeisMethod(
        int order,
        Func<TimeGrid, TimeGrid?> gridFor,
        int? steps,
        Trajectory? trajectory,
        GraphBudget? graphs,
        Prediction prediction)
    {
        this.prediction = prediction is Prediction.Noise or Prediction.Data
            ? prediction
            : throw new ArgumentOutOfRangeException(
                nameof(prediction),
                prediction,
                $"Got {prediction}; AdjointDEIS works in {Prediction.Noise} or {Prediction.Data} prediction.");
        this.order = order is 1 or 2
            ? order
            : throw new ArgumentOutOfRangeException(nameof(order), order, $"Got order {order}; AdjointDEIS has orders 1 and 2.");
        this.gridFor = gridFor;
        this.steps = steps;
        this.trajectory = trajectory;
        this.graphs = graphs ?? GraphBudget.Default;
    }

    public override string ToString() =>
        $"AdjointDeis({order}{(steps is null ? "" : $", {steps} steps")}{(trajectory is null ? "" : $", {trajectory}")}"
        + $"{(prediction == Prediction.Noise ? "" : $", {prediction}")})";

    internal override GradientTape Record(SamplingRun run)
    {
        run = Repeatable(run);
        TimeGrid grid = gridFor(run.Grid) ?? run.Grid.Resampled(run.Schedule, steps!.Value);
        bool same = grid.Times.SequenceEqual(run.Grid.Times);
        Trajectory source = trajectory ?? (same ? Trajectory.Recorded : Trajectory.Interpolated);
        if (source == Trajectory.Recorded && !same)
        {
            throw new ArgumentException(
                $"{Trajectory.Recorded} holds states on the sampling grid ({run.Grid}) only, but the adjoint grid is {grid}. "
                    + $"Use {nameof(Trajectory)}.{Trajectory.Interpolated}, or the sampling grid.");
        }

        if (grid.Start != run.Grid.Start || grid.End != run.Grid.End)
        {
            throw new ArgumentException($"The adjoint grid runs {grid}, the sampling grid {run.Grid}; they must have the same ends.");
        }

        if (run.Grid.TowardsNoise)
        {
            throw new ArgumentException(
                $"AdjointDEIS pulls back from data to noise, but this sampler runs from data to noise itself ({run.Grid}). "
                    + $"Use {nameof(Discrete)}().");
        }

        IStateSource states = source switch
        {
            Trajectory.SolvedBackward when run.Solver.IsStochastic => new RebuiltStates(
                run,
                same ? run.Table : throw RebuiltNeedsSameGrid(run.Grid, grid)),
            Trajectory.SolvedBackward => new SolvedStates(run, order),
            _ => new RecordedStates(run),
        };
        return new AdjointDeisTape(run, grid, order, states, prediction, graphs);
    }

    private static ArgumentException RebuiltNeedsSameGrid(TimeGrid sampling, TimeGrid adjoint) =>
        new(
            $"A stochastic run is rebuilt from its path step by step, so the adjoint grid must be the sampling grid ({sampling}); "
                + $"got {adjoint}. Leave out the steps, or use {nameof(Trajectory)}.{Trajectory.Interpolated}.");
}
