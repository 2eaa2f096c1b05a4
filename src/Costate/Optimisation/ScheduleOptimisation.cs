using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Learns where a sampler steps: times between the ends of its grid at which few steps come closest to samples of a finer run, by the exact
/// gradient with respect to the times (<see cref="GradientParts.Times"/>).
/// </summary>
/// <remarks>
/// Each evaluation is one gradient of the batch, of 2 N network evaluations for N of a sample. What it minimises is the logarithm of the
/// mean squared error; its variables are the logarithms of the gaps between times, so that times never cross. Few items suffice, a few
/// dozen: a grid has few numbers. Judge the result on others. Published relatives search by dynamic programming (GITS; Chen et al. 2024) or
/// optimise a bound on the error (Xue et al. 2024).
/// </remarks>
public sealed class ScheduleOptimisation
{
    /// <summary>An optimisation.</summary>
    /// <param name="sampler">Network, schedule and solver, and the grid that it begins with, whose ends and number of steps stay.</param>
    /// <param name="options">How. The default is 40 iterations of L-BFGS.</param>
    /// <exception cref="InputException">The solver is stochastic, so that a finer run is another sample; the grid runs towards noise, has
    /// one step, or tells the network other times than its own; or options are out of range.</exception>
    public ScheduleOptimisation(Sampler sampler, ScheduleOptimisationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        (Sampler, Options) = (sampler, options ?? new ScheduleOptimisationOptions());
        Options.Check();
        if (sampler.Solver.IsStochastic)
        {
            throw Refused(sampler.Solver.Name, "a deterministic solver", "The finer run of a stochastic one is another sample.");
        }

        if (sampler.Grid.TowardsNoise || sampler.Grid.Steps < 2 || !sampler.Grid.NetworkTimes.SequenceEqual(sampler.Grid.Times))
        {
            throw Refused(
                $"the grid {sampler.Grid}",
                "a grid of two steps or more from noise to data that tells the network its own times",
                $"Make one with {nameof(TimeGrid)}.{nameof(TimeGrid.FromTimes)}(times).");
        }
    }

    /// <summary>Where it begins.</summary>
    public Sampler Sampler { get; }

    /// <summary>How it runs.</summary>
    public ScheduleOptimisationOptions Options { get; }

    /// <summary>Optimises the times.</summary>
    /// <param name="xT">Start noise, [batch, ...].</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/> that is not scheduled.</param>
    /// <param name="target">The samples to come close to: those of a finer run from the same noise and condition, in the shape of
    /// <paramref name="xT"/>.</param>
    /// <param name="progress">Told after each evaluation, on this thread.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>The best grid.</returns>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite.</exception>
    /// <exception cref="InvalidOperationException">The network has no derivative with respect to the time that it is told.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public OptimisedSchedule Run(
        Tensor xT,
        Condition? z,
        Tensor target,
        IProgress<ScheduleProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Check(Sampler.Checked(xT, z, null, null, cancellationToken), target);
        (double start, double end) = (Sampler.Grid.Start, Sampler.Grid.End);
        Tensor point = StepGaps.Of(Sampler.Grid);
        using OptimiserState state = Options.Optimiser.Begin(full_like(point[0], Options.Rate), rows: 1);
        List<double> losses = [];
        (TimeGrid best, int bestIteration) = (Sampler.Grid, 0);
        GradientCost cost = new(0, 0, 0, 0);
        for (int iteration = 0; iteration <= Options.Iterations; iteration++)
        {
            using DisposeScope step = NewDisposeScope();

            // The grid that it begins with is that, to the bit.
            double[]? times = iteration == 0 ? [.. Sampler.Grid.Times] : StepGaps.Times(point, start, end);
            (double loss, double[] gradient) = times is null
                ? (double.NaN, new double[Sampler.Grid.Steps + 1])
                : Evaluate(times, xT, z, target, ref cost, cancellationToken);
            losses.Add(loss);
            progress?.Report(new ScheduleProgress(iteration, Options.Iterations, loss, times ?? []));
            if (times is not null && loss < losses[bestIteration])
            {
                (best, bestIteration) = (TimeGrid.FromTimes(times), iteration);
            }

            if (loss == 0 || state.IsSettled(0))
            {
                break;
            }

            // Of the logarithm of the loss.
            Tensor descent = StepGaps.Gradient(point, start, end, [.. gradient.Select(its => its / loss)]).nan_to_num(0);
            Tensor next = state.Next(point, [Math.Log(loss)], descent, [true], null);
            point.Dispose();
            point = next.MoveToOuterDisposeScope();
        }

        return new OptimisedSchedule(best, losses, bestIteration, cost);
    }

    // The mean squared error, and its gradient with respect to the times.
    private (double Loss, double[] Gradient) Evaluate(
        double[] times, Tensor xT, Condition? z, Tensor target, ref GradientCost cost, CancellationToken cancellationToken)
    {
        var sampler = new Sampler(Sampler.Denoiser.WithoutParameters(), Sampler.Schedule, Sampler.Solver, TimeGrid.FromTimes(times));
        GradientParts also = GradientParts.Times | (Options.NetworkTimesAreConstant ? GradientParts.NetworkTimesAreConstant : 0);
        using SampleGradient gradient = sampler.Gradient(
            xT, z, x => (x - target).square().reshape(x.shape[0], -1).mean([1L]), also: also, cancellationToken: cancellationToken);
        cost = cost.Then(gradient.Cost);
        return (
            gradient.Loss.mean().ToDouble(),
            [.. gradient.Times!.to(ScalarType.Float64).mean([1L]).nan_to_num(0).cpu().data<double>()]);
    }

    private static void Check(SamplingRun run, Tensor target)
    {
        if (!Shapes.Equal(target, run.Start) || target.dtype != run.Start.dtype)
        {
            throw new InputException(
                nameof(target),
                $"shape {Shapes.Text(target)} and dtype {target.dtype}",
                $"those of x_T, {Shapes.Text(run.Start)} and {run.Start.dtype}");
        }

        Finite.CheckInput(target, nameof(target));
    }

    private static InputException Refused(string got, string expected, string remedy) => new("sampler", got, expected, remedy);
}
