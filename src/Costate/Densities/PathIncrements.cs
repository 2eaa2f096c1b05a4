using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Follows the path of a stochastic run, and has of each step the logarithm of the forward process's density back over that of the step.
/// </summary>
internal sealed class PathIncrements : IDisposable
{
    private readonly SolverTable table;
    private readonly Subspace? subspace;

    // The grid point that each noise vector leads to, and its weight there.
    private readonly Dictionary<int, (int Point, double Weight)> noises = [];
    private readonly SchedulePoint[] points;
    private readonly List<Tensor> increments = [];
    private Tensor? before;
    private Tensor? ofStep;

    internal PathIncrements(Sampler sampler, Subspace? subspace)
    {
        this.subspace = subspace;
        table = sampler.Table;
        points = [.. sampler.Grid.Times.Select(time => SchedulePoint.At(sampler.Schedule, time))];
        foreach (TableRow row in table.Rows.Where(row => row.Inputs.Count > 0))
        {
            if (row.GridIndex is int point && row.Inputs is [{ Weight: > 0 } term])
            {
                noises.Add(term.Index, (point, term.Weight));
            }
        }

        int used = table.Rows.Sum(row => row.Inputs.Count);
        if (noises.Count != sampler.Grid.Steps || used != sampler.Grid.Steps || table.NoiseIntervals.Count != sampler.Grid.Steps)
        {
            throw new InputException(
                nameof(sampler),
                $"{sampler.Solver.Name} on {sampler.Grid}",
                "one that adds one noise vector of its own at every step",
                $"Use {nameof(Solver)}.{nameof(Solver.Ddpm)}(largeVariance: true) on a grid that ends after time 0; "
                    + $"of a deterministic solver {nameof(SamplerDensities.LogDensity)} has the density.");
        }
    }

    /// <summary>The run, which is then to be taken once, within one dispose scope.</summary>
    internal SamplingRun Observed(SamplingRun run) => run with
    {
        Input = (i, like) =>
        {
            Tensor noise = run.Input(i, like)!;
            noise = subspace?.Project(noise) ?? noise;
            Drawn(i, noise);
            return noise;
        },
        OnState = Passed,
    };

    /// <summary>The increments, [steps, batch] in 64 bits.</summary>
    internal Tensor Total() => stack(increments);

    public void Dispose()
    {
        before?.Dispose();
        ofStep?.Dispose();
        increments.ForEach(increment => increment.Dispose());
    }

    // The density of the step itself is that of its noise.
    private void Drawn(int input, Tensor noise)
    {
        ofStep?.Dispose();
        ofStep = LogNormal(noise, 1, noises[input].Weight).DetachFromDisposeScope();
    }

    private void Passed(int row, Tensor state)
    {
        int? point = row == 0 ? 0 : table.Rows[row].GridIndex;
        if (point is null)
        {
            return;
        }

        using Tensor? earlier = before;
        before = state.to(ScalarType.Float64, copy: true).DetachFromDisposeScope();
        if (point > 0)
        {
            // The forward process from s to t, in ratios that hold where alpha or sigma is 0.
            (SchedulePoint t, SchedulePoint s) = (points[point.Value - 1], points[point.Value]);
            double ratio = t.Alpha * s.Sigma / (s.Alpha * t.Sigma);
            double deviation = t.Sigma * Math.Sqrt((1 - ratio) * (1 + ratio));
            using DisposeScope scope = NewDisposeScope();
            Tensor back = LogNormal(earlier!.clone().AddTimes(before, -t.Alpha / s.Alpha), deviation, deviation);
            increments.Add((back - ofStep!).DetachFromDisposeScope());
        }
    }

    // Without the power of 2 pi, which both densities have.
    private Tensor LogNormal(Tensor x, double deviation, double scale)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = x.to(ScalarType.Float64).reshape(x.shape[0], -1);
        using Scalar constant = -(subspace?.Dimension ?? rows.shape[1]) * Math.Log(scale);
        return rows.square().sum([1L]).Times(-0.5 / (deviation * deviation)).add(constant).MoveToOuterDisposeScope();
    }
}
