using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>States kept from the forward run; between grid points, cubics through the four nearest in the half log-SNR.</summary>
internal sealed class RecordedStates : IStateSource
{
    private const int Points = 4;

    private readonly SamplingRun run;
    private readonly Tensor?[] states;
    private readonly double[] lambdas;

    internal RecordedStates(SamplingRun run)
    {
        this.run = run;
        states = new Tensor?[run.Grid.Steps + 1];
        lambdas = [.. run.Grid.Times.Select(run.Schedule.HalfLogSnr)];
    }

    public void Record(int gridIndex, Tensor state)
    {
        states[gridIndex] = state.alias();
        run.Meter.Store(state);
    }

    public Tensor At(int node, SchedulePoint point)
    {
        int exact = Array.IndexOf(lambdas, point.Lambda);
        return exact >= 0 ? states[exact]!.alias() : Interpolate(point.Lambda);
    }

    public void Passed(int node, SchedulePoint at, SchedulePoint next, Tensor output)
    {
    }

    public void Dispose()
    {
        foreach (Tensor? state in states)
        {
            state?.Dispose();
        }
    }

    private Tensor Interpolate(double lambda)
    {
        int count = Math.Min(Points, lambdas.Length);
        int above = Array.FindIndex(lambdas, l => l > lambda);
        int first = Math.Clamp(above - (count / 2), 0, lambdas.Length - count);
        double[] nodes = [.. lambdas.Skip(first).Take(count).Select(l => l - lambda)];
        if (!nodes.All(double.IsFinite))
        {
            throw new InvalidOperationException(
                $"The trajectory cannot be interpolated next to an end where alpha or sigma is zero ({run.Grid}): "
                    + "the half log-SNR is infinite there. Move that end of the grid inwards, or let the adjoint use the sampling grid.");
        }

        using DisposeScope scope = NewDisposeScope();
        double[] weights = Moments.Match(nodes, [1, .. Enumerable.Repeat(0.0, count - 1)]);
        Tensor sum = states[first]!.Times(weights[0]);
        for (int i = 1; i < count; i++)
        {
            sum.AddTimes(states[first + i]!, weights[i]);
        }

        return sum.MoveToOuterDisposeScope();
    }
}
