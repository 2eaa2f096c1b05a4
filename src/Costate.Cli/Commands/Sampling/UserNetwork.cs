using Costate.Cli.Files;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary>A TorchScript denoiser of the user.</summary>
internal sealed class UserNetwork(string file, ScalarType dtype) : SamplingNetwork
{
    private readonly TorchScript script = TorchScript.Load("--model", file, dtype);

    private protected override IEnumerable<Tensor> Weights => script.Weights;

    internal override Tensor Read(string text, SamplingSettings settings) =>
        SampleFile.Read(settings.Files, text, settings.Shape, settings.Dtype);

    internal override Tensor? ConditionOf(Tensor samples) => null;

    public override void Dispose() => script.Dispose();

    private protected override Prediction PredictionOf(SamplingPlan plan) => plan.Prediction;

    private protected override Tensor Predict(Tensor x, Tensor t, Tensor? z) => z is null ? script.Call(x, t) : script.Call(x, t, z);
}
