using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Changes the start noise, the condition or the weights until the samples have a low loss, by gradients through the whole sampler
/// (end-to-end guidance: D-Flow, DOODL, AdjointDEIS). The best that each item has seen is kept.
/// </summary>
/// <remarks>
/// Every item of a batch has its own optimiser, line search, best and early stop: a batch of three gives what three batches of one give, as
/// far as network and loss treat items apart. An item whose loss, gradient or network's answer is not finite after the first evaluation has
/// diverged: it is reported, stops, and keeps its best, and the others go on; a line search (L-BFGS) goes back from there, and has diverged
/// only if it finds no way back. What changes is kept in at least 32 bits beside variables of 16. Each iteration is one gradient of the
/// batch (see
/// <see cref="GradientMethod"/> for its cost);
/// beside that, a few rows of the size of x_T and z are kept (twice the optimiser's memory of them for L-BFGS).
/// </remarks>
public sealed class LatentOptimisation
{
    private readonly Func<Tensor, IReadOnlyList<int>, Tensor> loss;
    private readonly bool dropsStopped;

    /// <summary>An optimisation. Items that have stopped stay in the batch that the network and the loss see, unchanged.</summary>
    /// <param name="sampler">Draws the samples.</param>
    /// <param name="loss">From samples, [batch, ...], to one value for each, [batch].</param>
    /// <param name="options">How. The default is AdjointDEIS's.</param>
    /// <exception cref="ArgumentException">Options are out of range or do not go together, or parameters shall change and the denoiser has
    /// none.</exception>
    public LatentOptimisation(Sampler sampler, Func<Tensor, Tensor> loss, LatentOptimisationOptions? options = null)
        : this(sampler, (x, _) => loss(x), options, dropsStopped: false) => ArgumentNullException.ThrowIfNull(loss);

    /// <summary>An optimisation that leaves out of the batch those items that have stopped, which saves their evaluations.</summary>
    /// <remarks>
    /// A network of your own must take any part of the batch; an unconditional [batch, ...] is narrowed with it. Where the items share
    /// parameters that change, none is left out.
    /// </remarks>
    /// <param name="sampler">Draws the samples.</param>
    /// <param name="loss">From samples, [items, ...], and the numbers of their items in the batch, to one value for each, [items].</param>
    /// <param name="options">How. The default is AdjointDEIS's.</param>
    /// <exception cref="ArgumentException">Options are out of range or do not go together, or parameters shall change and the denoiser has
    /// none.</exception>
    public LatentOptimisation(Sampler sampler, Func<Tensor, IReadOnlyList<int>, Tensor> loss, LatentOptimisationOptions? options = null)
        : this(sampler, loss, options, dropsStopped: true) => ArgumentNullException.ThrowIfNull(loss);

    private LatentOptimisation(
        Sampler sampler,
        Func<Tensor, IReadOnlyList<int>, Tensor> loss,
        LatentOptimisationOptions? options,
        bool dropsStopped)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        (Sampler, this.loss, Options, this.dropsStopped) = (sampler, loss, options ?? new LatentOptimisationOptions(), dropsStopped);
        Options.Check();
        if (Options.Targets.HasFlag(OptimisationTargets.Parameters) && sampler.Denoiser.Parameters.Count == 0)
        {
            throw new ArgumentException(
                $"The parameters shall change, but the denoiser names none. Pass them as {nameof(Denoiser.FromFunction)}(..., parameters: "
                    + $"module.parameters()), or use {nameof(Denoiser.FromModule)} with a module that is not frozen.",
                nameof(sampler));
        }
    }

    /// <summary>Draws the samples.</summary>
    public Sampler Sampler { get; }

    /// <summary>How it runs.</summary>
    public LatentOptimisationOptions Options { get; }

    /// <summary>Optimises. Parameters that change are those of the best when this returns, and as they were if it throws.</summary>
    /// <param name="xT">Where the start noise begins, [batch, ...]; not changed itself.</param>
    /// <param name="z">Where the condition begins: null, a tensor [batch, ...], or a <see cref="Condition"/>; not changed itself.</param>
    /// <param name="noise">The path of a stochastic solver, the same in every iteration; others ignore it.</param>
    /// <param name="progress">Told after each evaluation of the loss, on this thread.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>The best of each item, in the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, is not finite, or nothing would
    /// change.</exception>
    /// <exception cref="InvalidOperationException">The loss is not one value for each item or has no gradient, or it, the network or the
    /// gradient is not finite at the start; the message names iteration and item.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public OptimisedLatent Run(
        Tensor xT,
        Condition? z = null,
        BrownianPath? noise = null,
        IProgress<OptimisationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        Condition? condition = Sampler.Checked(xT, z, noise, null, cancellationToken).Condition;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        var variables = new LatentVariables(xT, condition, Sampler.Denoiser.Parameters, Options.Targets);
        Tensor begin = variables.Begin();
        try
        {
            return Iterate(variables, begin, noise, progress, cancellationToken).MoveToOuterDisposeScope();
        }
        catch
        {
            variables.Unpack(begin);
            throw;
        }
    }

    private OptimisedLatent Iterate(
        LatentVariables variables,
        Tensor begin,
        BrownianPath? noise,
        IProgress<OptimisationProgress>? progress,
        CancellationToken cancellationToken)
    {
        using var record = new OptimisationRecord(variables, Options);
        using OptimiserState state = Options.Optimiser.Begin(variables.Rates(Options), variables.Rows);
        using var constraint = new StartConstraint(variables, begin, Options);
        GradientCost cost = new(0, 0, 0, 0);
        Tensor point = begin;
        for (int iteration = 0; ; iteration++)
        {
            using DisposeScope step = NewDisposeScope();
            int[] rows = record.RunningRows;
            bool isLast = iteration == Options.Iterations;
            var evaluation = new LatentEvaluation(Sampler, loss, Options.Method, variables, rows, dropsStopped, iteration);
            Tensor? gradient = evaluation.Run(point, noise, isLast, cancellationToken);
            cost = cost.Then(evaluation.Cost);
            record.Add(point, rows, evaluation.Losses, evaluation.Samples, evaluation.Cost.NetworkEvaluations);
            if (Options.Optimiser.SearchesLines)
            {
                record.Await(rows, evaluation.Diverged);
            }
            else
            {
                record.Diverge(evaluation.Diverged);
            }

            progress?.Report(
                new OptimisationProgress(
                    iteration,
                    Options.Iterations,
                    [.. rows.SelectMany(variables.ItemsOf)],
                    evaluation.Losses,
                    [.. record.Best],
                    evaluation.Samples));
            if (gradient is null || record.RunningRows.Length == 0)
            {
                break;
            }

            Tensor next = Next(state, point, evaluation, rows, Limited(gradient), record.Running);
            cost = cost.Then(evaluation.CurvatureCost);
            record.Count(rows, evaluation.CurvatureCost.NetworkEvaluations);
            next = SteppedBack(state, next, variables, record.Running);
            Array.ForEach(rows.Where(state.IsSettled).ToArray(), record.Stop);
            if (record.RunningRows.Length == 0)
            {
                break;
            }

            constraint.Apply(next, iteration);
            next = Kept(next, point, record, iteration);
            if (record.RunningRows.Length == 0)
            {
                break;
            }

            Tensor left = point;
            point = next.MoveToOuterDisposeScope();
            if (iteration > 0)
            {
                left.Dispose();
            }
        }

        return record.Result(cost);
    }

    // A row that a step too large made infinite has diverged, and stays where it was.
    private Tensor Kept(Tensor next, Tensor point, OptimisationRecord record, int iteration)
    {
        bool[] finite = record.AreFinite(next);
        if (finite.All(f => f))
        {
            return next;
        }

        record.Diverge(
            finite
                .Index()
                .Where(row => !row.Item)
                .SelectMany(row => record.ItemsOf(row.Index))
                .Select(item => new DivergedItem(item, iteration, Sampler.Grid.End)));
        return where(tensor(finite, device: point.device).unsqueeze(1), next, point);
    }

    // A line search goes back from a point that is no number as from one where the loss is none.
    private Tensor SteppedBack(OptimiserState state, Tensor next, LatentVariables variables, bool[] running)
    {
        double[] none = [.. running.Select(_ => double.NaN)];
        while (Options.Optimiser.SearchesLines)
        {
            bool[] finite = variables.AreFinite(next);
            bool[] beyond = [.. running.Select((runs, row) => runs && !finite[row] && !state.IsSettled(row))];
            if (!beyond.Any(b => b))
            {
                break;
            }

            next = state.Next(next, none, zeros_like(next, requires_grad: false), beyond, null);
        }

        return next;
    }

    private static Tensor Next(
        OptimiserState state, Tensor point, LatentEvaluation evaluation, int[] rows, Tensor gradient, bool[] running)
    {
        double[] ofRows = new double[running.Length];
        foreach ((int i, int row) in rows.Index())
        {
            ofRows[row] = evaluation.Losses[i];
        }

        Tensor next = state.Next(point, ofRows, gradient, running, evaluation.Curve);
        return running.All(r => r) ? next : where(tensor(running, device: point.device).unsqueeze(1), next, point);
    }

    // A longer gradient than allowed is scaled down, row by row.
    private Tensor Limited(Tensor gradient)
    {
        if (Options.MaxGradientNorm is not double most)
        {
            return gradient;
        }

        using Scalar one = 1.0;
        using Scalar limit = most;
        Tensor norms = gradient.to(ScalarType.Float64).square().sum([1L], keepdim: true).sqrt();
        return gradient.mul(norms.reciprocal().mul(limit).clamp_max(one).to(gradient.dtype));
    }
}
