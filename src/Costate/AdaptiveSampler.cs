using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Rex with steps as long as a tolerance allows. Each item of a batch has a grid of its own, which is recorded: inversion and gradient run
/// on the same numbers, so they are as exact as on a fixed grid.
/// </summary>
/// <remarks>
/// Items are sampled one by one, since no two have the same times. The error of a step is the larger of the two increments' embedded
/// estimates. Deterministic only: a rejected step of an SDE would need its path at times unknown beforehand, which
/// <see cref="Sampler"/> takes on a given grid.
/// </remarks>
public sealed class AdaptiveSampler
{
    private readonly Rex solver;
    private readonly TimeGrid ends;

    /// <summary>An adaptive sampler.</summary>
    /// <param name="denoiser">The network.</param>
    /// <param name="schedule">The schedule it was trained on.</param>
    /// <param name="solver"><see cref="Solver.Rex"/> with a tableau that has error weights.</param>
    /// <param name="control">The tolerances. The default is a <see cref="StepControl"/> with its default values.</param>
    /// <param name="start">First time. The default value is 1.</param>
    /// <param name="end">Last time. The default value is 0.001.</param>
    /// <exception cref="ArgumentException">The solver is not Rex, is stochastic, or its tableau has no error weights; or an end has an
    /// infinite half log-SNR.</exception>
    public AdaptiveSampler(
        Denoiser denoiser,
        NoiseSchedule schedule,
        Solver solver,
        StepControl? control = null,
        double start = 1,
        double end = 1e-3)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(solver);
        this.solver =
            solver as Rex
            ?? throw new ArgumentException(
                $"Got {solver.Name}; adaptive steps are for {nameof(Solver)}.{nameof(Solver.Rex)}.",
                nameof(solver));
        if (this.solver.Tableau.ErrorWeights is null || this.solver.IsStochastic)
        {
            throw new ArgumentException(
                $"The tableau {this.solver.Tableau.Name} has no embedded error estimate, so its steps cannot be adapted. "
                    + "Those that have one: "
                    + $"{string.Join(", ", ButcherTableau.All.Where(t => t.ErrorWeights is not null).Select(t => t.Name))}.",
                nameof(solver));
        }

        if (!double.IsFinite(schedule.HalfLogSnr(start)) || !double.IsFinite(schedule.HalfLogSnr(end)))
        {
            throw new ArgumentException(
                $"The half log-SNR is {schedule.HalfLogSnr(start)} at time {start} and {schedule.HalfLogSnr(end)} at time {end}; "
                    + "adaptive steps need both finite. Move the end that is infinite inwards.",
                nameof(end));
        }

        ends = TimeGrid.FromTimes([start, end]);
        (Denoiser, Schedule, Control) = (denoiser, schedule, control ?? new StepControl());
    }

    /// <summary>The network.</summary>
    public Denoiser Denoiser { get; }

    /// <summary>The schedule.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>The tolerances.</summary>
    public StepControl Control { get; }

    /// <summary>The sampler of one item, on its recorded grid.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="item">
    /// The item's number in the batch, for a denoiser that has something of its own for each, such as an unconditional [batch, ...]; null
    /// for any other.
    /// </param>
    public Sampler On(TimeGrid grid, int? item = null) => new(item is int i ? Denoiser.ForItems([i]) : Denoiser, Schedule, solver, grid);

    /// <summary>Finds the grid of each item.</summary>
    /// <param name="xT">Start noise, [batch, ...].</param>
    /// <param name="z">The condition: null, or a tensor [batch, ...] that converts to one. It cannot be scheduled.</param>
    /// <param name="progress">Told after each trial step, accepted or not, in the phase <see cref="SamplingPhase.Search"/>.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>One grid for each item, and the number of trial steps that were rejected.</returns>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite.</exception>
    /// <exception cref="InvalidOperationException">The network returned NaN or infinity, an error estimate is not finite, or the limit on
    /// steps is reached; the message names item, step and time.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public (IReadOnlyList<TimeGrid> Grids, int Rejected) FindGrids(
        Tensor xT,
        Condition? z = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = NewDisposeScope();
        (IReadOnlyList<TimeGrid> grids, _, int rejected) = Search(CheckedBatch(xT, z, progress, cancellationToken));
        return (grids, rejected);
    }

    /// <summary>Draws samples, by the search for their grids: nothing is evaluated twice.</summary>
    /// <inheritdoc cref="FindGrids"/>
    /// <returns>The samples, [batch, ...], and the grid of each. The sampler <see cref="On"/> that grid draws the same sample, bit for
    /// bit.</returns>
    public (Tensor Sample, IReadOnlyList<TimeGrid> Grids) Sample(
        Tensor xT,
        Condition? z = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = NewDisposeScope();
        (IReadOnlyList<TimeGrid> grids, Tensor[] samples, _) = Search(CheckedBatch(xT, z, progress, cancellationToken));
        return (cat(samples, 0).MoveToOuterDisposeScope(), grids);
    }

    /// <summary>
    /// Draws samples and the gradient of a loss on them, through the recorded grids (the grids themselves are not differentiated). The
    /// search for them is in the cost.
    /// </summary>
    /// <inheritdoc cref="FindGrids"/>
    /// <param name="xT">Start noise, [batch, ...].</param>
    /// <param name="z">The condition: null, or a tensor [batch, ...] that converts to one. It cannot be scheduled.</param>
    /// <param name="loss">From the batch of samples to one value for each item, [batch]; a scalar is taken as their sum.</param>
    /// <param name="method">How. The default is <see cref="GradientMethod.Reversible"/>.</param>
    /// <param name="progress">
    /// Told of the search as by <see cref="FindGrids"/>, then of the run: each of its phases has as many evaluations as the samples on
    /// their grids, and an item of a phase that takes more or fewer, as checkpointing does, goes through its share in other steps.
    /// </param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    public SampleGradient Gradient(
        Tensor xT,
        Condition? z,
        Func<Tensor, Tensor> loss,
        GradientMethod? method = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(loss);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun batch = CheckedBatch(xT, z, progress, cancellationToken);
        (IReadOnlyList<TimeGrid> grids, _, _) = Search(batch);
        Sampler[] samplers = [.. grids.Select((grid, item) => On(grid, item))];
        List<GradientTape> tapes = [];
        try
        {
            foreach ((int item, Sampler sampler) in samplers.Index())
            {
                tapes.Add((method ?? GradientMethod.Reversible()).Record(ItemOf(batch, sampler, item, Part(progress, samplers, item))));
            }
        }
        catch
        {
            tapes.ForEach(tape => tape.Dispose());
            throw;
        }

        using var together = new ItemwiseTape(tapes, batch.Condition);
        using var noLosses = new StepLosses(batch, []);
        return LossGradient.Through(together, batch, loss, noLosses).MoveToOuterDisposeScope();
    }

    // The run of the whole batch, of which those of the items are parts; it counts the cost of all.
    private SamplingRun CheckedBatch(Tensor xT, Condition? z, IProgress<StepProgress>? progress, CancellationToken cancellationToken)
    {
        return z is not { IsScheduled: true } && Denoiser.Guidance?.Unconditional is not { IsScheduled: true }
            ? On(ends).Checked(xT, z, null, progress, cancellationToken)
            : throw new InputException(
                "z",
                "a scheduled condition",
                "one that is the same for the whole run",
                "The grids that belong to its intervals are not known before the run, and each item has its own. "
                    + "Use a sampler on a given grid.");
    }

    private static SamplingRun ItemOf(SamplingRun batch, Sampler sampler, int item, IProgress<StepProgress>? progress)
    {
        Condition? condition = batch.Condition?.Map(entry => entry.IsShared ? entry
            : entry with { Values = entry.Values.narrow(entry.BatchDimension, item, 1) });
        return sampler.Checked(batch.Start.narrow(0, item, 1), condition, null, progress, batch.Cancellation) with
        {
            FirstItem = item,
            Meter = batch.Meter,
        };
    }

    // Grids, samples and rejected steps; samples in the caller's dispose scope.
    private (IReadOnlyList<TimeGrid> Grids, Tensor[] Samples, int Rejected) Search(SamplingRun batch)
    {
        using IDisposable noGraph = no_grad();
        List<TimeGrid> grids = [];
        List<Tensor> samples = [];
        int rejected = 0;
        for (int item = 0; item < batch.Start.shape[0]; item++)
        {
            SamplingRun run = ItemOf(batch, On(ends, item), item, null);
            (TimeGrid grid, Tensor sample, int refused) = new AdaptiveGrid(run, solver, Control, batch.Progress).Find();
            grids.Add(grid);
            samples.Add(sample);
            rejected += refused;
        }

        return (grids, [.. samples], rejected);
    }

    // The progress of one item as a part of that of all.
    private static SelectedProgress? Part(IProgress<StepProgress>? progress, Sampler[] samplers, int item)
    {
        int[] evaluations = [.. samplers.Select(sampler => sampler.Table.EvaluatedRows.Count)];
        (int before, int its, int total) = (evaluations[..item].Sum(), evaluations[item], evaluations.Sum());
        return progress is null ? null
            : new SelectedProgress(
                progress,
                value => value with { Done = before + (int)((long)value.Done * its / value.Total), Total = total });
    }
}
