using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The divergence of the flow, integrated along a run by the weights of its own table: the logarithm of the determinant of the continuous
/// flow's map, to the order of the solver.
/// </summary>
/// <remarks>
/// In Y = x/kappa, kappa = sigma in data and alpha in noise prediction, 1 in that of a rectified flow, the flow has no linear
/// part: a step adds weights times predictions, and the same weights times their divergences to log det dY. Then log det dx is
/// that and the logarithm of kappa's ratio for each dimension.
/// </remarks>
internal sealed class TraceIntegral
{
    private readonly SamplingRun run;
    private readonly int dimension;
    private readonly int copies;
    private readonly bool probed;
    private readonly long budget;
    private readonly Func<Tensor, Tensor> directions;

    // Of each evaluated row, what its divergence counts.
    private readonly Dictionary<int, double> weights = [];
    private readonly double linear;
    private Tensor? sum;

    /// <summary>An integral over a run; what it draws lives in the caller's dispose scope.</summary>
    internal TraceIntegral(SamplingRun run, LikelihoodOptions options)
    {
        (this.run, budget, probed) = (run, options.MemoryBudget, options.Probes is not null);
        long entries = run.Start.numel() / run.Start.shape[0];
        dimension = checked((int)(options.Subspace?.Dimension ?? entries));
        copies = options.Probes ?? dimension;
        using Tensor like = run.ToState(run.Start.detach());
        Tensor? basis = options.Subspace?.Basis(like);
        if (options.Probes is int probes)
        {
            Tensor signs = Signs.Draw(options.Seed, checked((int)run.Start.shape[0]), probes, dimension).to(like.dtype, like.device);
            Tensor drawn = basis is null ? signs : signs.mm(basis);
            directions = rows => drawn.index_select(0, rows);
        }
        else
        {
            Tensor all = basis ?? eye(entries, dtype: like.dtype, device: like.device);
            directions = rows => all.index_select(0, rows.remainder(copies));
        }

        linear = dimension * Weigh();
    }

    /// <summary>What the divergences cost, beside the run itself.</summary>
    internal GradientCost Cost { get; private set; } = new(0, 0, 0, 0);

    /// <summary>Adds the divergence at an evaluated row, whose state is x; through autograd where x has a graph.</summary>
    internal void Add(int row, Tensor x)
    {
        if (!weights.TryGetValue(row, out double weight))
        {
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        PredictionConversion conversion = run.Table.Conversion(run.Denoiser.Prediction, row);
        List<Tensor> products = [];
        GradientCost cost = new CopiedItems(run with { Start = x }, copies, budget, kept: 4).ForEach((wide, numbers, first) =>
        {
            Tensor vectors = directions(arange(first, first + numbers.shape[0], ScalarType.Int64, numbers.device));
            Tensor pulled = Pulled(wide, run.Table.Rows[row].At, vectors.reshape(wide.Start.shape));
            Tensor product = (pulled.reshape(vectors.shape) * vectors).sum([1L]).to(ScalarType.Float64);
            products.Add(product.MoveToOuterDisposeScope());
        });
        Cost = Cost.Then(cost);
        using Scalar ofState = conversion.State * dimension / (probed ? 1 : copies);
        Tensor quadratic = cat(products, 0).reshape(-1, copies).Times(conversion.Output).add(ofState).Times(weight);
        Tensor? before = sum;
        sum = (before is null ? quadratic : before + quadratic).MoveToOuterDisposeScope();
        before?.Dispose();
    }

    /// <summary>log|det| and its standard error, [batch] in 64 bits.</summary>
    internal (Tensor LogDeterminant, Tensor StandardError) Total()
    {
        using Scalar constant = linear;
        Tensor estimates = sum ?? zeros(run.Start.shape[0], copies, ScalarType.Float64, run.Start.device);
        using Scalar none = double.NaN;
        Tensor error = copies == 1 && probed ? full([run.Start.shape[0]], none, ScalarType.Float64, run.Start.device)
            : probed ? estimates.detach().std([1L], unbiased: true).DivideBy(Math.Sqrt(copies))
            : zeros(run.Start.shape[0], ScalarType.Float64, run.Start.device);
        return ((probed ? estimates.mean([1L]) : estimates.sum([1L])).add(constant), error);
    }

    private static Tensor Pulled(SamplingRun wide, EvaluationPoint at, Tensor vectors)
    {
        if (!is_grad_enabled())
        {
            using VectorJacobianProduct product = wide.Linearize(wide.Start, at);
            return wide.Pull(product, at, vectors, PredictionConversion.None).X;
        }

        // The zero gives an output that does not depend on x a graph, whose gradient is 0.
        wide.Meter.Products++;
        return VectorJacobianProduct.DifferentiableGradient(
            x => (wide.Evaluate(x, at) * vectors).add(x.Times(0)).reshape(x.shape[0], -1).sum([1L]), wide.Start);
    }

    // Finds the weights, and the logarithm of kappa's ratio over the run.
    private double Weigh()
    {
        double logarithm = 0;
        for (int at = run.Table.SampleRow; at != 0;)
        {
            TableRow row = run.Table.Rows[at];
            if (row.States is not [{ Weight: > 0 } state])
            {
                throw Unfit();
            }

            logarithm += Math.Log(state.Weight);
            foreach (TableTerm term in row.Outputs)
            {
                TableRow from = run.Table.Rows[term.Index];
                double kappa = Kappa(from.Prediction, row.Time);
                bool isOfFlow = Math.Abs((state.Weight * Kappa(from.Prediction, run.Table.Rows[state.Index].Time) / kappa) - 1) < 1e-9;
                double weight = term.Weight * Kappa(from.Prediction, from.Time) / kappa;
                weights[term.Index] = weights.GetValueOrDefault(term.Index) + (isOfFlow ? weight : double.NaN);
            }

            at = state.Index;
        }

        return double.IsFinite(logarithm) && weights.Values.All(double.IsFinite) ? logarithm : throw Unfit();
    }

    private double Kappa(Prediction prediction, double time) => prediction switch
    {
        Prediction.Data => run.Schedule.Sigma(time),
        Prediction.Noise => run.Schedule.Alpha(time),
        Prediction.Flow => 1,
        _ => double.NaN,
    };

    private InputException Unfit() => new(
        "sampler",
        $"{run.Solver.Name} on {run.Grid}",
        "one whose steps go from state to state along the flow, between times at which neither signal nor noise vanishes",
        $"Use {nameof(Solver)}.{nameof(Solver.ExponentialRungeKutta)}, move the ends of the grid inwards, or take "
            + $"{nameof(LikelihoodWay)}.{nameof(LikelihoodWay.Jacobian)}.");
}
