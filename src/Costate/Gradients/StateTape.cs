using static TorchSharp.torch;

namespace Costate;

/// <summary>A tape that gives back the state of each evaluation, for the exact discrete adjoint.</summary>
/// <param name="run">The run.</param>
/// <param name="lastSteps">How many steps of the grid have a gradient; null for all.</param>
internal abstract class StateTape(SamplingRun run, int? lastSteps = null) : RunTape(run)
{
    // The grid point whose state, or states of a reversible solver, are constants.
    private readonly int? constantPoint = lastSteps is int last && last < run.Grid.Steps ? run.Grid.Steps - last : null;

    /// <summary>The first evaluation that has a gradient: that of the first step that has one.</summary>
    protected int FirstEvaluation { get; } = lastSteps is int last && last < run.Grid.Steps
        ? run.Table.EvaluatedRows.TakeWhile(row => run.Table.Rows[row].Interval < run.Grid.Steps - last).Count()
        : 0;

    private int? ConstantRow => constantPoint is int point
        ? Enumerable.Range(0, Run.Table.Rows.Count).Last(row => IsState(Run.Table.Rows[row], point))
        : null;

    /// <summary>Hands each evaluation with a gradient to a visitor, the last first. Once only.</summary>
    internal abstract void Backward(EvaluationVisitor visit);

    /// <summary>Evaluation k of the sample, of which nothing is kept.</summary>
    protected Tensor EvaluateOnly(int k, Tensor state) => Run.Evaluate(state, Run.Table.Rows[Run.Table.EvaluatedRows[k]].At);

    protected override Cotangents PullBack(Seeds seeds, ParameterGradients gradients)
    {
        Check(seeds);
        var transpose = new TableTranspose(Run, seeds, gradients, ConstantRow);
        Backward(transpose.Pass);
        return transpose.Finish();
    }

    // Refuses losses on what is constant.
    private void Check(Seeds seeds)
    {
        if (constantPoint is not int point)
        {
            return;
        }

        int first = Run.Table.EvaluatedRows[FirstEvaluation];
        int[] constant =
        [
            .. seeds.OnStates.Where(row => row <= ConstantRow),
            .. seeds.Outputs.Keys.Where(row => row < first),
        ];
        if (constant.Length > 0)
        {
            throw new InputException(
                "losses",
                FormattableString.Invariant($"a loss at time {Run.Table.Rows[constant[0]].Time:G6}"),
                FormattableString.Invariant($"on what the last {lastSteps} steps make, from time {Run.Grid.Times[point]:G6} on"),
                $"{nameof(GradientMethod.Discrete)}(lastSteps: {lastSteps}) takes the states until then for constants, "
                    + "so that loss would have "
                    + "no gradient. Use more steps, or all.");
        }
    }

    private bool IsState(TableRow row, int point) =>
        row.GridIndex == point || (row.SolvesFor is not null && row.Time == Run.Grid.Times[point]);
}
