using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>One Brownian path on the clock (sigma/alpha)^2, drawn on a fine grid and summed onto coarser ones, for strong orders.</summary>
internal sealed class RefinedPath
{
    private readonly int steps;
    private readonly TimeGrid fine;
    private readonly Tensor increments;
    private readonly double[] clock;

    public RefinedPath(NoiseSchedule schedule, int steps, ulong seed)
    {
        this.steps = steps;
        fine = TimeGrid.UniformLogSnr(schedule, steps, 1, 1e-3);
        clock = [.. fine.Times.Select(t => Math.Exp(-2 * schedule.HalfLogSnr(t)))];
        double[] deviations = [.. Enumerable.Range(0, steps).Select(i => Math.Sqrt(clock[i] - clock[i + 1]))];
        increments = StartNoise.Draw([steps, 1, 2], seed, ScalarType.Float64) * tensor(deviations, [steps, 1, 1]);
    }

    public TimeGrid Grid(int coarse) => TimeGrid.FromTimes([.. Enumerable.Range(0, coarse + 1).Select(i => fine.Times[i * (steps / coarse)])]);

    public BrownianPath Coarse(int coarse)
    {
        int ratio = steps / coarse;
        double[] deviations = [.. Enumerable.Range(0, coarse).Select(i => Math.Sqrt(clock[i * ratio] - clock[(i + 1) * ratio]))];
        Tensor sums = increments.reshape(coarse, ratio, 1, 2).sum(1);
        return BrownianPath.Recorded(sums / tensor(deviations, [coarse, 1, 1]));
    }
}
