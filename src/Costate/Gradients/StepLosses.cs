using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>The losses on the way of one run: evaluated as it goes forward, and kept as seeds of its backward pass.</summary>
internal sealed class StepLosses : IDisposable
{
    private readonly SamplingRun run;
    private readonly ILookup<int, StepLoss> onStates;
    private readonly ILookup<int, StepLoss> onPredictions;
    private Tensor? sum;

    /// <exception cref="ArgumentOutOfRangeException">A loss is where the sample has no such state or prediction.</exception>
    internal StepLosses(SamplingRun run, IReadOnlyList<StepLoss> losses)
    {
        this.run = run;
        if (losses.Any(loss => loss is null))
        {
            throw new ArgumentException($"Got null among {losses.Count} losses on the way; each is a {nameof(StepLoss)}.", nameof(losses));
        }

        onStates = losses.Where(loss => !loss.OnPrediction).ToLookup(RowOf);
        onPredictions = losses.Where(loss => loss.OnPrediction).ToLookup(RowOf);
        Observed = losses.Count == 0 ? run : run with { OnState = TakeState, OnPrediction = TakePrediction };
    }

    /// <summary>The run, under observation.</summary>
    internal SamplingRun Observed { get; }

    /// <summary>What the losses seen so far give the backward pass.</summary>
    internal Seeds Seeds { get; } = new();

    /// <summary>A loss of the sample with those on the way: item by item, or their sum if it is one number.</summary>
    internal Tensor AddTo(Tensor value) => sum is null ? value : value + (value.numel() == sum.numel() ? sum : sum.sum()).to(value.dtype);

    public void Dispose()
    {
        sum?.Dispose();
        Seeds.Dispose();
    }

    private int RowOf(StepLoss loss)
    {
        SolverTable table = run.Table;
        if (loss.GridIndex < 0 || loss.GridIndex > run.Grid.Steps)
        {
            throw new ArgumentOutOfRangeException(
                "losses",
                loss.GridIndex,
                $"Got {loss} on a grid of {run.Grid.Steps} steps; its points are 0 (x_T) to {run.Grid.Steps} (the sample).");
        }

        int[] rows = loss.OnPrediction
            ? [.. table.EvaluatedRows.Where(row => table.Rows[row].Time == run.Grid.Times[loss.GridIndex])]
            : [.. Enumerable.Range(0, table.Rows.Count).Where(row => table.Rows[row].GridIndex == loss.GridIndex)];
        return rows.Length > 0 ? rows[0]
            : throw new ArgumentOutOfRangeException(
                "losses",
                loss.GridIndex,
                $"Got {loss}, but {run.Solver.Name} does not evaluate the network at that point of the grid. "
                    + "Take an earlier point, or the loss on the sample itself.");
    }

    private void TakeState(int row, Tensor state)
    {
        foreach (StepLoss loss in onStates[row])
        {
            using DisposeScope scope = NewDisposeScope();
            Seeds.Add(Seeds.States, row, Evaluate(loss, state));
            Seeds.OnStates.Add(row);
        }
    }

    private void TakePrediction(int row, Tensor x, Tensor prediction)
    {
        foreach (StepLoss loss in onPredictions[row])
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable noGraph = no_grad();
            PredictionConversion toData = run.Table.ConversionTo(Prediction.Data, row);
            Tensor data = prediction.detach().Times(toData.Output).AddTimes(x.detach(), toData.State);
            Tensor cotangent = Evaluate(loss, data);
            Seeds.Add(Seeds.Outputs, row, cotangent, toData.Output);
            if (toData.State != 0)
            {
                Seeds.Add(Seeds.States, row, cotangent, toData.State);
            }
        }
    }

    // The gradient; the value is added up.
    private Tensor Evaluate(StepLoss loss, Tensor at)
    {
        using IDisposable noGraph = no_grad();
        using Tensor given = run.ToCaller(at.detach());
        (Tensor value, Tensor cotangent) = LossFunction.Evaluate(loss.Loss, given, () => $"at grid point {loss.GridIndex}");
        if (value.numel() != given.shape[0])
        {
            throw new InvalidOperationException(
                $"The loss {loss} returned one number for a batch of {given.shape[0]}; losses on the way return one for each item, "
                    + $"[{given.shape[0]}].");
        }

        Tensor added = sum is null ? value : sum + value.to(sum.dtype);
        sum?.Dispose();
        sum = added.DetachFromDisposeScope();
        return run.ToState(cotangent);
    }
}
