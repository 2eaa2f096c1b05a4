using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>AdjointDEIS: the table of <see cref="AdjointDeisStep"/>s, whose "network outputs" are vector-Jacobian products.</summary>
internal sealed class AdjointDeisTape : RunTape
{
    private readonly SamplingRun run;
    private readonly bool sameGrid;
    private readonly TimeGrid grid;
    private readonly IStateSource states;
    private readonly Prediction prediction;
    private readonly SchedulePoint[] points;
    private readonly AdjointDeisStep[] steps;
    private readonly Tensor sample;

    // The evaluations of the sample that the adjoint repeats, by the grid point of their state, and the graphs that are kept of them.
    private readonly SortedList<int, int> repeated = [];
    private readonly KeptGraphs graphs;

    internal AdjointDeisTape(SamplingRun run, TimeGrid grid, int order, IStateSource states, Prediction prediction, GraphBudget budget)
        : base(run)
    {
        this.run = run;
        this.grid = grid;
        this.states = states;
        this.prediction = prediction;
        sameGrid = grid.Times.SequenceEqual(run.Grid.Times);
        CheckWanted();
        if (states is RecordedStates && ReferenceEquals(grid, run.Grid) && run.Condition is not { IsScheduled: true })
        {
            foreach (int row in run.Table.EvaluatedRows.Where(row => run.Table.Rows[row].GridIndex > 0))
            {
                repeated.TryAdd(run.Table.Rows[row].GridIndex!.Value, row);
            }
        }

        graphs = new KeptGraphs(run, repeated.Count > 0 ? budget : GraphBudget.None);
        points = [.. grid.Times.Select(t => SchedulePoint.At(run.Schedule, t))];

        // steps[j] goes from node j + 1 up to node j; nodes are numbered as on the grid, from noise to data.
        steps = new AdjointDeisStep[grid.Steps];
        for (int j = 0; j < grid.Steps; j++)
        {
            steps[j] = AdjointDeisStep.From(
                j + 2 <= grid.Steps ? points[j + 2] : null,
                points[j + 1],
                points[j],
                order,
                run.Solver.IsStochastic,
                prediction);
            if (!double.IsFinite(steps[j].State) || !double.IsFinite(steps[j].Now))
            {
                bool inNoise = prediction == Prediction.Noise;
                throw new InvalidOperationException(
                    $"AdjointDEIS in {prediction} prediction cannot step from time {points[j + 1].Time} to {points[j].Time}, where "
                        + $"{(inNoise ? $"alpha = {points[j].Alpha}" : $"sigma = {points[j + 1].Sigma} and alpha = {points[j].Alpha}")}. "
                        + $"{(inNoise ? $"Start the grid later, use {Prediction.Data} prediction" : "Move that end of the grid inwards")}, "
                        + $"or use {nameof(GradientMethod)}.{nameof(GradientMethod.Discrete)}().");
            }
        }

        var executor = new TableExecutor(run)
        {
            Network = Evaluate,
            OnState = (row, state, _) =>
            {
                if (run.Table.Rows[row].GridIndex is int index)
                {
                    states.Record(index, state);
                }
            },
        };
        using LiveSet live = executor.Complete(executor.Begin());
        sample = executor.Sample(live).alias();
    }

    internal override Tensor Sample => sample;

    public override void Dispose()
    {
        sample.Dispose();
        states.Dispose();
        graphs.Dispose();
    }

    protected override Cotangents PullBack(Seeds seeds, ParameterGradients gradients)
    {
        Dictionary<int, Tensor> jumps = JumpsOf(seeds);
        var condition = new ConditionCotangents(run);
        var controls = new Tensor?[run.WantedInputs.GetOffsetAndLength(run.Table.InputCount).Length];
        Tensor adjoint = jumps[grid.Steps].alias();
        KeepFor(controls, grid.Steps, adjoint);
        Tensor? productBefore = null;
        Tensor?[] conditionBefore = [];
        for (int j = grid.Steps - 1; j >= 0; j--)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            (Tensor product, Tensor?[] conditionProducts) = Product(j, adjoint, gradients);
            Tensor next = adjoint.Times(steps[j].State).AddTimes(product, steps[j].Now);
            if (steps[j].Before != 0)
            {
                next.AddTimes(productBefore!, steps[j].Before);
            }

            AddCondition(condition, j, conditionProducts, conditionBefore);
            if (jumps.TryGetValue(j, out Tensor? jump))
            {
                next.add_(jump);
            }

            Replace(ref adjoint!, next);
            KeepFor(controls, j, adjoint)?.MoveToOuterDisposeScope();
            Replace(ref productBefore, product);
            Array.ForEach(conditionBefore, held => held?.Dispose());
            conditionBefore = [.. conditionProducts.Select(its => its?.MoveToOuterDisposeScope())];
            run.Progress?.Report(new StepProgress(SamplingPhase.Gradient, grid.Steps - j, grid.Steps, points[j].Time));
        }

        productBefore?.Dispose();
        Array.ForEach(conditionBefore, held => held?.Dispose());
        return new Cotangents(adjoint, condition.Sums, controls, []);
    }

    // The product of the adjoint with the Jacobians of the noise prediction at node j + 1. The parameters' products are summed where
    // they fall, so the cotangent carries the weight that they have over this step and the next, and x and z are scaled back.
    private (Tensor X, Tensor?[] Z) Product(int j, Tensor adjoint, ParameterGradients gradients)
    {
        int node = j + 1;
        using DisposeScope scope = NewDisposeScope();
        PredictionConversion conversion = PredictionConversion.Checked(run.Denoiser.Prediction, prediction, points[node]);
        double weight = steps[j].ConditionNow + (j > 0 ? steps[j - 1].ConditionBefore : 0);
        double scale = !gradients.IsEmpty && weight != 0 ? weight : 1;
        EvaluationPoint at = PointOf(node);

        Tensor x = states.At(node, points[node]);
        using VectorJacobianProduct linearized =
            (repeated.TryGetValue(node, out int row) ? graphs.Take(row) : null) ?? run.Linearize(x, at);
        Tensor output = linearized.Output.detach();
        (Tensor product, Tensor?[] conditionProducts) = run.Pull(
            linearized,
            at,
            adjoint,
            new PredictionConversion(0, conversion.Output * scale),
            weight != 0 ? gradients : null);
        if (j > 0)
        {
            states.Passed(node, points[node], points[j], output);
        }

        product.DivideBy(scale).AddTimes(adjoint, conversion.State);
        return (
            product.MoveToOuterDisposeScope(),
            [.. conditionProducts.Select(its => its?.DivideBy(scale).MoveToOuterDisposeScope())]);
    }

    // A step may span several intervals of a scheduled condition; each gets its share of the integral, whose measure is d(sigma/alpha).
    private void AddCondition(ConditionCotangents condition, int j, Tensor?[] products, Tensor?[] before)
    {
        // Where it moves through knots, each value of the integrand has the weights of its own time.
        condition.AddAtKnots(points[j + 1].Time, products, steps[j].ConditionNow);
        if (steps[j].ConditionBefore != 0)
        {
            condition.AddAtKnots(points[j + 2].Time, before, steps[j].ConditionBefore);
        }

        (double low, double high) = (points[j + 1].Time, points[j].Time);
        double whole = points[j].NoiseToSignal - points[j + 1].NoiseToSignal;
        for (int interval = IntervalOf(j + 1); interval >= 0; interval--)
        {
            (double from, double to) = (Math.Max(run.Grid.Times[interval + 1], low), Math.Min(run.Grid.Times[interval], high));
            if (to <= from)
            {
                break;
            }

            double share = from == low && to == high ? 1 : (run.Schedule.NoiseToSignal(to) - run.Schedule.NoiseToSignal(from)) / whole;
            condition.Add(interval, products, share * steps[j].ConditionNow);
            if (steps[j].ConditionBefore != 0)
            {
                condition.Add(interval, before, share * steps[j].ConditionBefore);
            }
        }
    }

    private Tensor Evaluate(int k, Tensor state)
    {
        int row = run.Table.EvaluatedRows[k];
        int index = repeated.IndexOfValue(row);
        return index >= 0 ? graphs.Evaluate(row, state, repeated.Count - index) : run.Evaluate(state, run.Table.Rows[row].At);
    }

    // Where an evaluation of the sample is repeated, that one, so that the network's answer is the same.
    private EvaluationPoint PointOf(int node) => repeated.TryGetValue(node, out int row)
        ? run.Table.Rows[row].At
        : new EvaluationPoint(points[node].Time, grid.NetworkTimes[node], IntervalOf(node));

    // The adjoint of a loss on a state jumps by its gradient there. By grid point; the sample's is among them.
    private Dictionary<int, Tensor> JumpsOf(Seeds seeds)
    {
        if (seeds.Outputs.Count > 0 || (!sameGrid && seeds.States.Count > 1))
        {
            throw new InputException(
                "losses",
                seeds.Outputs.Count > 0 ? "a loss on a prediction" : "a loss on a state of the sampling grid",
                "losses on states, with the adjoint on the sampling grid",
                $"{nameof(GradientMethod.AdjointDeis)} integrates between the points of its own grid. "
                    + $"Use {nameof(GradientMethod.Discrete)}(), which takes any.");
        }

        return seeds.States.ToDictionary(seed => run.Table.Rows[seed.Key].GridIndex!.Value, seed => seed.Value) is var jumps && sameGrid
            ? jumps
            : new Dictionary<int, Tensor> { [grid.Steps] = jumps[run.Grid.Steps] };
    }

    private void CheckWanted()
    {
        (int first, int wanted) = run.WantedInputs.GetOffsetAndLength(run.Table.InputCount);
        if (wanted > 0 && (first < run.Table.NoiseIntervals.Count || !sameGrid))
        {
            throw new InputException(
                "also",
                first < run.Table.NoiseIntervals.Count
                    ? $"{GradientParts.NoiseVectors}"
                    : $"{GradientParts.StateCotangents} on another grid",
                $"{GradientParts.StateCotangents} on the sampling grid, or nothing",
                $"{nameof(GradientMethod.AdjointDeis)} has the adjoint of the state at the points of its own grid and nothing else. "
                    + $"Use {nameof(GradientMethod.Discrete)}().");
        }
    }

    // The cotangent of a control is that of the state it is added to.
    private Tensor? KeepFor(Tensor?[] controls, int gridIndex, Tensor adjoint)
    {
        int control = run.Table.ControlOf(gridIndex) - run.WantedInputs.GetOffsetAndLength(run.Table.InputCount).Offset;
        if (controls.Length > 0 && control >= 0 && control < controls.Length)
        {
            return controls[control] = adjoint.clone();
        }

        return null;
    }

    // The interval of the sampling grid that the step leaving this node towards noise begins in.
    private int IntervalOf(int node)
    {
        double time = points[node].Time;
        int interval = run.Grid.Steps - 1;
        while (interval > 0 && run.Grid.Times[interval] <= time)
        {
            interval--;
        }

        return interval;
    }

    private static void Replace(ref Tensor? held, Tensor? value)
    {
        held?.Dispose();
        held = value?.MoveToOuterDisposeScope();
    }
}
