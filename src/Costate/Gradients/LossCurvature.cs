using static TorchSharp.torch;

namespace Costate;

/// <summary>From a run, a loss and a direction to the product with a second derivative.</summary>
internal static class LossCurvature
{
    /// <summary>The product for a run from checked inputs. The result lives in the caller's dispose scope.</summary>
    internal static HessianProduct Of(
        SamplingRun run, Func<Tensor, Tensor> loss, Tensor direction, Condition? directions, Curvature curvature)
    {
        run = run with { Replay = new EvaluationReplay(comparesOutputs: true) };
        using var tape = new TangentTape(run, direction, directions, keeps: true);
        using var buffers = new KeptBuffers(run.Denoiser.Module);
        Tensor sample = run.ToCaller(tape.Sample), tangent = run.ToCaller(tape.Tangent);
        (Tensor value, Tensor cotangent, Tensor change) = LossFunction.Evaluate(loss, sample, tangent);
        Cotangents products = curvature == Curvature.Exact
            ? tape.PullBack(run.ToState(cotangent), run.ToState(change))
            : tape.PullBack(run.ToState(change));
        return new HessianProduct(value, sample, tangent, run.ToCaller(products), run);
    }
}
