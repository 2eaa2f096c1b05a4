using Costate.Cli.Files;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary>The diffusion autoencoder of drawn faces. The condition of a face is its semantic code.</summary>
internal sealed class FaceNetwork : SamplingNetwork
{
    private readonly EmbeddedModel model;

    /// <param name="folder">Where the weights are; those that the tool came with if null.</param>
    /// <exception cref="CommandException">The weights are missing, damaged or of another network.</exception>
    internal FaceNetwork(string? folder)
    {
        model = new EmbeddedModel(folder);
        _ = model.Autoencoder;
    }

    private protected override IEnumerable<Tensor> Weights => model.Autoencoder.parameters();

    /// <summary>A picture of any size, of which the middle square is taken; or tensors [batch, 3, side, side].</summary>
    internal override Tensor Read(string text, SamplingSettings settings)
    {
        int side = model.Autoencoder.Config.ImageSize;
        return (text == InputFiles.StandardInput || File.Exists(text)) && settings.Files.PictureOrNull("the picture", text) is byte[] bytes
            ? FacePicture.Stack([FacePicture.Read(text, bytes, side)], side)
            : SampleFile.Read(settings.Files, text, settings.Shape, settings.Dtype);
    }

    internal override Tensor ConditionOf(Tensor samples) => model.Autoencoder.Encode(samples);

    public override void Dispose() => model.Dispose();

    private protected override Prediction PredictionOf(SamplingPlan plan) => model.Autoencoder.Config.Prediction;

    private protected override Tensor Predict(Tensor x, Tensor t, Tensor? z) => model.Autoencoder.call(
        x,
        t,
            z
                ?? throw new UsageException(
                    "Got no condition; the embedded model draws a face under its code. Give --condition-from with a picture of a face, "
                        + "or --condition with a code."));
}
