using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Sampling;

/// <summary>A gradient with what happens on the way: the loss of each prediction, the gradient at each state.</summary>
internal static class GradientByStep
{
    /// <summary>Takes it; the results live in the caller's dispose scope. It asks for the loss once more at each evaluation.</summary>
    internal static (SampleGradient Gradient, GradientOnTheWay OnTheWay) Of(
        Sampler sampler,
        Tensor start,
        Condition? condition,
        Func<Tensor, Tensor> loss,
        GradientMethod method,
        BrownianPath? path,
        IProgress<StepProgress> progress,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        List<double> times = [];
        List<double[]> losses = [];
        SamplingRun run = sampler.Checked(start, condition, path, progress, cancellationToken);
        SampleGradient gradient = LossGradient.Of(
            run with { OnPrediction = Take }, loss, method, also: GradientParts.StateCotangents);
        Tensor norms = linalg.vector_norm(gradient.StateCotangents!.flatten(2), 2, [2L]).to(ScalarType.Float64).cpu();
        return (
            gradient.MoveToOuterDisposeScope(),
            new GradientOnTheWay(times, losses, sampler.Grid.Times, [.. norms.unbind(0).Select(Values)]));

        void Take(int row, Tensor x, Tensor output)
        {
            SchedulePoint at = SchedulePoint.At(run.Schedule, run.Table.Rows[row].Time);
            PredictionConversion toData = PredictionConversion.Between(
                run.Table.Rows[row].Prediction, Prediction.Data, at.Alpha, at.Sigma);
            if (!toData.IsFinite)
            {
                return;
            }

            using DisposeScope step = NewDisposeScope();
            using IDisposable withoutGraph = no_grad();
            Tensor data = run.ToCaller(output.detach().Times(toData.Output).AddTimes(x.detach(), toData.State));
            times.Add(run.Table.Rows[row].Time);
            losses.Add(Values(loss(data)));
        }
    }

    private static double[] Values(Tensor each) => [.. each.detach().to(ScalarType.Float64).cpu().contiguous().data<double>()];
}
