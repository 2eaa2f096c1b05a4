using static TorchSharp.torch;

namespace Costate;

/// <summary>A tape that gives back the state of each evaluation, for the exact discrete adjoint.</summary>
/// <param name="run">The run.</param>
/// <param name="lastSteps">How many steps of the grid have a gradient; null for all.</param>
internal abstract class StateTape(SamplingRun run, int? lastSteps = null) : RunTape(run)
{
    /// <summary>The row whose state, with all before it, counts as constant; null where only x_T comes before.</summary>
    protected int? ConstantRow { get; } = lastSteps is int last && last < run.Grid.Steps
        ? Enumerable.Range(0, run.Table.Rows.Count).First(row => run.Table.Rows[row].GridIndex == run.Grid.Steps - last)
        : null;

    /// <summary>The first evaluation that has a gradient.</summary>
    protected int FirstEvaluation => ConstantRow is int row ? Run.Table.EvaluatedRows.TakeWhile(evaluated => evaluated < row).Count() : 0;

    /// <summary>Hands each evaluation with a gradient and its state to a visitor, the last first. Once only.</summary>
    internal abstract void Backward(Action<int, Tensor> visit);

    /// <summary>Refuses losses on what counts as constant.</summary>
    internal void Check(Seeds seeds)
    {
        if (ConstantRow is int row && seeds.Rows.FirstOrDefault(seed => seed < row, -1) is var early and >= 0)
        {
            throw new InputException(
                "losses",
                $"a loss at time {Run.Table.Rows[early].Time:G6}",
                $"on the last {lastSteps} steps, from time {Run.Table.Rows[row].Time:G6} on",
                $"{nameof(GradientMethod.Discrete)}(lastSteps: {lastSteps}) takes all before them for constant, so that loss would have no gradient. Use more steps, or all.");
        }
    }

    protected override Cotangents PullBack(Seeds seeds, ParameterGradients gradients)
    {
        Check(seeds);
        var transpose = new TableTranspose(Run, seeds, gradients);
        Backward(transpose.Pass);
        return transpose.Finish(ConstantRow);
    }
}
