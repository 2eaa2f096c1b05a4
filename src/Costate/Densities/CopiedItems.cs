using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A run with each item in several copies, one for each direction in which it is differentiated, as many at once as a memory budget allows.
/// </summary>
/// <param name="run">The run of the items themselves.</param>
/// <param name="copies">Copies of each item; they are neighbours.</param>
/// <param name="budget">Bytes for what is kept of the states.</param>
/// <param name="kept">States kept of a copy.</param>
internal sealed class CopiedItems(SamplingRun run, int copies, long budget, int kept)
{
    private readonly SamplingRun frozen = run with
    {
        Denoiser = run.Denoiser.WithoutParameters(),
        Condition = run.Condition?.KeepGradients(_ => false),
        Replay = null,
    };

    private int Rows => checked((int)run.Start.shape[0] * copies);

    private int RowsAtOnce
    {
        get
        {
            long entries = run.Start.numel() / run.Start.shape[0];
            long bytes = (run.Solver.IsReversible ? 16 : run.StateType == ScalarType.Float64 ? 8 : 4) * entries * Math.Max(1, kept);
            return (int)Math.Clamp(budget / bytes, 1, Rows);
        }
    }

    /// <summary>
    /// Calls a function with the run of some rows, the numbers of their items and of the first row, until all have been. Returns what all
    /// cost.
    /// </summary>
    internal GradientCost ForEach(Action<SamplingRun, Tensor, int> visit)
    {
        var cost = new GradientCost(0, 0, 0, 0);
        int atOnce = RowsAtOnce, parts = (Rows + atOnce - 1) / atOnce;
        for (int part = 0; part < parts; part++)
        {
            using DisposeScope scope = NewDisposeScope();
            int first = part * atOnce, count = Math.Min(atOnce, Rows - first);
            int[] items = [.. Enumerable.Range(first, count).Select(row => row / copies)];
            Tensor numbers = tensor([.. items.Select(item => (long)item)], device: run.Start.device);

            // The network is shown equal copies, so that one of each item tells whether its answer is a number.
            Tensor ofEach = tensor(
                [.. items.Index().Where(row => row.Index == 0 || items[row.Index - 1] != row.Item).Select(row => (long)row.Index)],
                device: run.Start.device);
            int done = part;
            var meter = new CostMeter();
            visit(
                frozen with
                {
                    Meter = meter,
                    Start = run.Start.index_select(0, numbers),
                    Condition = frozen.Condition?.ForItems(numbers),
                    Progress = run.Progress is null ? null : new SelectedProgress(
                        run.Progress,
                        value => value with { Done = (done * value.Total) + value.Done, Total = parts * value.Total }),
                    Admit = (its, at, output) =>
                    {
                        using Tensor one = output.detach().index_select(0, ofEach);
                        its.Outputs.Check(its.Denoiser, one, at, items[0]);
                        return output;
                    },
                },
                numbers,
                first);
            cost = cost.Then(meter.Total);
        }

        return cost;
    }
}
