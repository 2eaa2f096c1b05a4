using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>The loss of an optimisation at one point, and its gradient. Results live in the caller's dispose scope.</summary>
internal sealed class LatentEvaluation(
    Sampler sampler,
    Func<Tensor, IReadOnlyList<int>, Tensor> loss,
    GradientMethod method,
    LatentVariables variables,
    int[] rows,
    bool dropsStopped,
    int iteration)
{
    private readonly bool isPart = dropsStopped && rows.Length < variables.Rows;

    // Of the items that the network sees. What is not finite at the start is an error.
    private readonly DivergenceWatch? watch = iteration == 0 ? null
        : new DivergenceWatch(dropsStopped && rows.Length < variables.Rows ? rows.Length : variables.Batch, ScalarType.Float64);

    /// <summary>The items that diverged, by their numbers in the batch.</summary>
    internal IEnumerable<DivergedItem> Diverged => (watch?.Items ?? []).Select(d => d with { Item = Items[d.Item] });

    /// <summary>The loss of each of the rows; NaN of those that diverged.</summary>
    internal double[] Losses { get; private set; } = [];

    /// <summary>The samples of their items.</summary>
    internal Tensor Samples { get; private set; } = null!;

    internal GradientCost Cost { get; private set; } = new(0, 0, 0, 0);

    /// <summary>What the products with the curvature cost beside it.</summary>
    internal GradientCost CurvatureCost { get; private set; } = new(0, 0, 0, 0);

    // Set once it has run.
    private SamplingRun? run;

    // The items that the network sees.
    private int[] Items => isPart ? rows : [.. Enumerable.Range(0, variables.Batch)];

    /// <summary>Evaluates; the gradient, [all rows, n], is zero in other rows, and null if none was asked for.</summary>
    internal Tensor? Run(Tensor point, BrownianPath? noise, bool withoutGradient, CancellationToken cancellationToken)
    {
        (Tensor start, Condition? condition) = variables.Unpack(point);
        if (isPart)
        {
            Tensor items = tensor(rows.Select(r => (long)r).ToArray(), device: point.device);
            (start, condition) = (start.index_select(0, items), condition?.ForItems(items));
            noise = noise?.ForItems(rows);
        }

        try
        {
            run = sampler.Checked(start, condition, noise, null, cancellationToken);
            run = watch is null ? run : run with { Admit = watch.InIteration(iteration) };
            return withoutGradient ? Draw(run) : Pull(point, run);
        }
        catch (InvalidOperationException e)
        {
            throw AtIteration(e);
        }
    }

    /// <summary>
    /// The product of Gauss and Newton's curvature at the point that was evaluated with a direction, both [all rows, n].
    /// </summary>
    internal Tensor Curve(Tensor direction)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor start, Condition? condition) = variables.Directions(direction);
        if (isPart)
        {
            Tensor items = tensor(rows.Select(r => (long)r).ToArray(), device: direction.device);
            (start, condition) = (start.index_select(0, items), condition?.ForItems(items));
        }

        try
        {
            SamplingRun apart = run! with { Meter = new CostMeter() };
            HessianProduct product = LossCurvature.Of(apart, x => Checked(loss(x, Items), x), start, condition, Curvature.GaussNewton);
            CurvatureCost = CurvatureCost.Then(product.Cost);
            return Placed(variables.Pack(product), direction).MoveToOuterDisposeScope();
        }
        catch (InvalidOperationException e)
        {
            throw AtIteration(e);
        }
    }

    private InvalidOperationException AtIteration(InvalidOperationException e) => new(
        $"{e.Message} This was at iteration "
            + $"{iteration}{(isPart ? $", of the items {string.Join(", ", rows)}, counted from 0 among these" : "")}.",
        e);

    private Tensor? Draw(SamplingRun run)
    {
        Tensor sample = Sampler.Sample(run);
        Tensor value = Checked(loss(sample, Items), sample).detach();
        Cost = run.Meter.Total;
        Take(value, sample);
        return null;
    }

    private Tensor Pull(Tensor point, SamplingRun run)
    {
        SampleGradient gradient = LossGradient.Of(run, x => Checked(loss(x, Items), x), method);
        Cost = gradient.Cost;
        Tensor packed = Finite(variables.Pack(gradient));
        Take(gradient.Loss, gradient.Sample);
        return Placed(packed, point);
    }

    // The rows of the items evaluated among all.
    private Tensor Placed(Tensor packed, Tensor like)
    {
        if (!isPart)
        {
            return packed;
        }

        Tensor items = tensor(rows.Select(r => (long)r).ToArray(), device: like.device);
        return zeros_like(like, requires_grad: false).index_copy_(0, items, packed);
    }

    private Tensor Checked(Tensor? value, Tensor sample)
    {
        if (value is null)
        {
            throw new InvalidOperationException($"The loss returned null; it must return one value for each item, [{sample.shape[0]}].");
        }

        bool isScalar = value.dim() == 0 && (variables.Joined || sample.shape[0] == 1);
        if (!isScalar && !(value.dim() == 1 && value.shape[0] == sample.shape[0]))
        {
            throw new InvalidOperationException(
                $"The loss returned shape {Shapes.Text(value)} for samples of shape {Shapes.Text(sample)}; "
                    + $"it must return one value for each item, [{sample.shape[0]}], since each is optimised apart. "
                    + "Sum or average over the other dimensions.");
        }

        double[] values = [.. value.detach().to(ScalarType.Float64).cpu().reshape(-1).data<double>()];
        if (Array.FindIndex(values, v => !double.IsFinite(v)) is not (var bad and >= 0))
        {
            return value;
        }

        return watch is null ? throw new InvalidOperationException($"The loss is {values[bad]} for item {bad}; it must be finite.")
            : isScalar ? watch.Kept(value.expand(variables.Batch), iteration, sampler.Grid.End).sum()
            : watch.Kept(value, iteration, sampler.Grid.End);
    }

    // The gradient; 0 for items that diverged, and for all where they are one problem.
    private Tensor Finite(Tensor packed)
    {
        Tensor sum = packed.sum([1L], type: ScalarType.Float64);
        double[] sums = [.. sum.cpu().data<double>()];
        if (Array.FindIndex(sums, s => !double.IsFinite(s)) is var bad and >= 0 && watch is null)
        {
            throw new InvalidOperationException(
                $"The gradient is NaN or infinite for item {bad}. {method} may be unstable at so few steps; "
                    + $"use more, or {nameof(GradientMethod.Discrete)}().");
        }

        return watch is null ? packed
            : variables.Joined ? watch.Kept(packed.expand(variables.Batch, -1), iteration, sampler.Grid.End)[0].unsqueeze(0)
            : watch.Kept(packed, iteration, sampler.Grid.End);
    }

    // Items that ride along though they have stopped are left out.
    private void Take(Tensor value, Tensor sample)
    {
        double[] all = [.. value.to(ScalarType.Float64).cpu().reshape(-1).data<double>()];
        foreach (DivergedItem lost in watch?.Items ?? [])
        {
            all[all.Length == 1 ? 0 : lost.Item] = double.NaN;
        }

        bool ridesAlong = !isPart && rows.Length < variables.Rows;
        Losses = variables.Joined ? [all.Sum()] : ridesAlong ? [.. rows.Select(row => all[row])] : all;
        Samples = ridesAlong ? sample.index_select(0, tensor(rows.Select(r => (long)r).ToArray(), device: sample.device)) : sample;
    }
}
