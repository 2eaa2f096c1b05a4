using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A pipeline's U-Net as a function of a bundle: text, and what else it is told.</summary>
/// <param name="network">The U-Net.</param>
/// <param name="latentChannels">Channels of the latents.</param>
/// <param name="factor">Pixels of a latent's side.</param>
/// <param name="isToldScore">Whether it is told a score rather than the size of the picture.</param>
internal sealed class PipelineNetwork(UNet2DConditionModel network, int latentChannels, int factor, bool isToldScore)
{
    internal const string Mask = "mask";
    internal const string Masked = "masked";

    /// <summary>Whether a network of so many channels takes a mask and the masked picture beside the latent.</summary>
    internal static bool Paints(int channels, int latentChannels) => channels == (2 * latentChannels) + 1;

    /// <summary>The network's output, in the caller's dispose scope.</summary>
    internal Tensor Call(Tensor x, Tensor t, Costate.Condition? z)
    {
        if (z is null)
        {
            throw ModuleCall.NoCondition();
        }

        using DisposeScope scope = NewDisposeScope();
        bool paints = Paints(network.Config.InChannels, latentChannels);
        bool isAlone = z.Names.Count == 1 && !paints && !network.Config.HasAddedConditions;
        Tensor text = isAlone ? z.Values : Entry(z, PipelineTexts.Text);
        Tensor input = paints ? cat([x, Entry(z, Mask).to(x.dtype), Entry(z, Masked).to(x.dtype)], 1) : x;
        return (network.Config.HasAddedConditions
            ? network.forward(input, t, text, Entry(z, PipelineTexts.Pooled), Sizes(x, z))
            : network.forward(input, t, text)).MoveToOuterDisposeScope();
    }

    // Those of the picture itself where nothing else is said; a score stands in place of the last two.
    private Tensor Sizes(Tensor x, Costate.Condition z)
    {
        Tensor ids = z.Names.Contains(PipelineTexts.Ids)
            ? z[PipelineTexts.Ids]
            : tensor(PictureSizes.Of(x.shape[2] * factor, x.shape[3] * factor).Ids, device: x.device).unsqueeze(0).repeat(x.shape[0], 1);
        return isToldScore ? cat([ids[.., ..4].to(ScalarType.Float32), Entry(z, PipelineTexts.Score).to(ScalarType.Float32)], 1) : ids;
    }

    private static Tensor Entry(Costate.Condition z, string name) => z.Names.Contains(name)
        ? z[name]
        : throw new InputException(
            "condition",
            $"a bundle of {string.Join(", ", z.Names)}",
            $"one with \"{name}\" in it",
            name is Mask or Masked
                ? $"The network repaints what a mask says: {nameof(DiffusionPipeline)}.{nameof(DiffusionPipeline.Inpainting)} adds it."
                : $"{nameof(DiffusionPipeline)}.{nameof(DiffusionPipeline.Condition)} makes it.");
}
