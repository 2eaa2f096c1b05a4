using static TorchSharp.torch;

namespace Costate;

/// <summary>From a run from data to noise to the likelihood of the data.</summary>
internal static class Likelihood
{
    internal static DataLikelihood Of(SamplingRun run, StartDensity start, LikelihoodOptions options)
    {
        if (options.Way == LikelihoodWay.Jacobian)
        {
            (Tensor noise, Tensor determinant, _, GradientCost cost) =
                JacobianRows.Determinant(run, options.Subspace, options.MemoryBudget, "x0");
            return new DataLikelihood(
                start.At(noise, options.Subspace) + determinant, zeros_like(determinant), noise, determinant, cost);
        }

        using IDisposable graph = options.Gradient ? enable_grad() : no_grad();
        Tensor data = run.ToState(run.Start).detach().requires_grad_(options.Gradient);
        SamplingRun its = run with
        {
            Start = data,
            Denoiser = run.Denoiser.WithoutParameters(),
            Condition = run.Condition?.KeepGradients(_ => false),
        };
        var integral = new TraceIntegral(its, options);
        var executor = new TableExecutor(its with { OnPrediction = (row, x, _) => integral.Add(row, x) });
        using LiveSet live = executor.Complete(executor.Begin());
        Tensor end = executor.Sample(live);
        (Tensor logDeterminant, Tensor error) = integral.Total();
        Tensor logDensity = start.At(end, options.Subspace) + logDeterminant;
        Tensor? gradient = options.Gradient
            ? VectorJacobianProduct.Reach([(logDensity, ones_like(logDensity))], [data], null, scales: false)[0]
                ?? zeros_like(data.detach())
            : null;
        return new DataLikelihood(
            logDensity.detach(), error, run.ToCaller(end.detach()), logDeterminant.detach(), run.Meter.Total.Then(integral.Cost))
        {
            Gradient = gradient is null ? null : run.ToCaller(gradient),
        };
    }
}
