using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A run with the tangent of its sample along a direction of x_T and the condition, and what curvature needs: both of them at each
/// evaluation.
/// </summary>
internal sealed class TangentTape : IDisposable
{
    private readonly SamplingRun run;
    private readonly Condition? directions;
    private readonly bool keeps;

    // States at which the network was evaluated, and their tangents.
    private readonly List<(Tensor X, Tensor Direction)> evaluations = [];

    /// <param name="run">The run; with a replay where it is pulled back.</param>
    /// <param name="start">The direction of x_T.</param>
    /// <param name="directions">Those of the condition's tensors; null where there is none.</param>
    /// <param name="keeps">Whether it is pulled back.</param>
    internal TangentTape(SamplingRun run, Tensor start, Condition? directions, bool keeps)
    {
        (this.run, this.directions, this.keeps) = (run, directions, keeps);
        using var tangent = new TableTangent(run, start);
        var executor = new TableExecutor(run) { Network = (k, x) => Evaluate(tangent, run.Table.EvaluatedRows[k], x) };
        try
        {
            using LiveSet live = executor.Complete(executor.Begin());
            Sample = executor.Sample(live).alias();
            Tangent = tangent.State(run.Table.SampleRow).alias();
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>The sample.</summary>
    internal Tensor Sample { get; }

    /// <summary>Its tangent, J v.</summary>
    internal Tensor Tangent { get; }

    /// <summary>J' w, of a cotangent of the sample.</summary>
    internal Cotangents PullBack(Tensor cotangent)
    {
        using ParameterGradients none = NoParameters();
        using Seeds seeds = SeedsOf(cotangent);
        var transpose = new TableTranspose(run, seeds, none);
        return run.Outputs.During(() =>
        {
            for (int k = evaluations.Count - 1; k >= 0; k--)
            {
                transpose.Pass(k, evaluations[k].X, graph: null);
            }

            return transpose.Finish();
        });
    }

    /// <summary>How J' w changes along the direction, of a cotangent of the sample and the change of that.</summary>
    internal Cotangents PullBack(Tensor cotangent, Tensor change)
    {
        using ParameterGradients none = NoParameters();
        using Seeds seeds = SeedsOf(cotangent), changes = SeedsOf(change);
        TableTranspose adjoint = new(run, seeds, none), moved = new(run, changes, none);
        Cotangents unmoved = run.Outputs.During(() =>
        {
            for (int k = evaluations.Count - 1; k >= 0; k--)
            {
                run.Cancellation.ThrowIfCancellationRequested();
                int row = run.Table.EvaluatedRows[k];
                (Tensor? first, Tensor? second) = (adjoint.Complete(row), moved.Complete(row));
                if (first is not null)
                {
                    Pass(k, adjoint, first, moved, second);
                }

                first?.Dispose();
                second?.Dispose();

                run.ReportGradient(k);
            }

            return adjoint.Finish();
        });
        unmoved.Start.Dispose();
        return moved.Finish();
    }

    public void Dispose()
    {
        Sample.Dispose();
        Tangent.Dispose();
        Release();
    }

    private void Release() => evaluations.ForEach(evaluated =>
    {
        evaluated.X.Dispose();
        evaluated.Direction.Dispose();
    });

    private Tensor?[] DirectionsAt(EvaluationPoint at) =>
        [.. (directions?.At(at).Entries ?? []).Select(entry => entry.Values)];

    private Tensor Evaluate(TableTangent tangent, int row, Tensor x)
    {
        EvaluationPoint at = run.Table.Rows[row].At;
        using VectorJacobianProduct product = run.Linearize(x, at);
        if (keeps)
        {
            evaluations.Add((x.alias().DetachFromDisposeScope(), tangent.State(row).alias().DetachFromDisposeScope()));
            run.Meter.Store(x, x);
        }

        tangent.Pass(row, product, DirectionsAt(at));
        return product.Output.detach();
    }

    private void Pass(int k, TableTranspose adjoint, Tensor cotangent, TableTranspose moved, Tensor? itsChange)
    {
        using DisposeScope scope = NewDisposeScope();
        int row = run.Table.EvaluatedRows[k];
        EvaluationPoint at = run.Table.Rows[row].At;
        PredictionConversion conversion = run.Table.Conversion(run.Denoiser.Prediction, row);
        Tensor change = itsChange ?? zeros_like(cotangent);
        using VectorJacobianProduct product = run.Linearize(evaluations[k].X, at);
        SecondOrder both = run.Push(
            product,
            at,
            evaluations[k].Direction,
            DirectionsAt(at),
            (cotangent.Times(conversion.Output), change.Times(conversion.Output)));
        adjoint.Add(row, both.X, both.Z, cotangent, conversion);
        moved.Add(row, both.ChangeX, both.ChangeZ, change, conversion);
    }

    private ParameterGradients NoParameters() => new([], run.NetworkType);

    private Seeds SeedsOf(Tensor cotangent)
    {
        var seeds = new Seeds();
        Seeds.Add(seeds.States, run.Table.SampleRow, cotangent);
        return seeds;
    }
}
