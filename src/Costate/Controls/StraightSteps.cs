using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Where a trajectory is nearly straight, item by item (FlowGrad; Liu et al. 2023, section 3.3): over such a stretch its velocity hardly
/// changes and counts as held, so that one vector-Jacobian product at the first state of the stretch serves all its steps.
/// </summary>
/// <remarks>
/// With v_k the velocity at evaluation k, the bend there is <c>max(|v_{k+1} - v_k|^2, |v_{k-1} - v_k|^2)/|v_k|^2</c> over the neighbours
/// that exist. A stretch goes on while the sum of its bends stays within the threshold. Keeps one velocity while the run goes forward.
/// </remarks>
internal sealed class StraightSteps(SamplingRun run, double threshold) : IDisposable
{
    // Of each evaluation and item: the square of the velocity, and of its difference from the one before.
    private readonly List<double[]> squares = [];
    private readonly List<double[]> changes = [];
    private Tensor? last;
    private bool[][]? begins;

    /// <summary>
    /// What counts as velocity: the prediction that is constant on the path <c>alpha x0 + sigma eps</c>, up to its turning.
    /// </summary>
    internal Prediction Velocity => run.Schedule switch
    {
        RectifiedFlowSchedule => Prediction.Flow,
        EdmSchedule => Prediction.Noise,
        _ => Prediction.Velocity,
    };

    /// <summary>Takes in the prediction of the solver at an evaluated row; they come in order.</summary>
    internal void Record(int row, Tensor x, Tensor prediction)
    {
        using DisposeScope scope = NewDisposeScope();
        PredictionConversion conversion = run.Table.ConversionTo(Velocity, row);
        Tensor velocity = prediction.Times(conversion.Output).AddTimes(x, conversion.State);
        squares.Add(SquaredNorms(velocity));
        changes.Add(last is null ? new double[squares[0].Length] : SquaredNorms(velocity - last));
        last?.Dispose();
        last = velocity.DetachFromDisposeScope();
    }

    /// <summary>For which items a stretch begins at an evaluation; one step is a stretch too. Once all evaluations are recorded.</summary>
    internal bool[] BeginAt(int evaluation)
    {
        begins ??= Partition();
        return begins[evaluation];
    }

    public void Dispose() => last?.Dispose();

    private bool[][] Partition()
    {
        bool[][] all = [.. squares.Select(ofItems => new bool[ofItems.Length])];
        for (int item = 0; item < squares[0].Length; item++)
        {
            double sum = double.PositiveInfinity;
            for (int k = 0; k < squares.Count; k++)
            {
                // At an end of the trajectory there is one neighbour; the other end is none. A NaN (of no velocity) is not straight.
                double bend = Math.Max(changes[k][item], k + 1 < changes.Count ? changes[k + 1][item] : 0) / squares[k][item];
                all[k][item] = !(sum + bend <= threshold);
                sum = all[k][item] ? bend : sum + bend;
            }
        }

        return all;
    }

    private static double[] SquaredNorms(Tensor x) =>
        [.. x.reshape(x.shape[0], -1).to(ScalarType.Float64).square().sum([1L]).cpu().data<double>()];
}
