using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Latents of images and images of latents, in the scale that a pipeline's denoiser works in.</summary>
/// <param name="codec">The autoencoder.</param>
/// <param name="dtype">What it computes in.</param>
/// <param name="sampleScale">What a sample is multiplied by to be a latent.</param>
internal sealed class PipelineLatents(AutoencoderKL codec, ScalarType dtype, double sampleScale)
{
    private Device Device => codec.parameters().First().device;

    internal Tensor Encode(Tensor image)
    {
        long channels = codec.Config.InChannels, factor = codec.Config.Factor;
        Input.Fits(nameof(image), image, [-1, channels, -1, -1], $"[batch, {channels}, height, width]");
        RequireFloating(nameof(image), image, "Bring them to -1 to 1: image.to(ScalarType.Float32) / 127.5 - 1.");
        (long height, long width) = (image.shape[2], image.shape[3]);
        if (height % factor != 0 || width % factor != 0)
        {
            throw new InputException(
                nameof(image), $"a picture of {height} x {width}", $"of sides that {factor} divides", "Crop it, or change its size.");
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor mean = codec.Encode(image.to(dtype).to(Device)).Mean;
        Tensor latent = Scaled(codec.Normalize(mean.to(Precision.AtLeastSingle(dtype))), 1 / sampleScale);
        return Returned(latent, image, "picture");
    }

    internal Tensor Decode(Tensor latent)
    {
        long channels = codec.Config.LatentChannels;
        Input.Fits(nameof(latent), latent, [-1, channels, -1, -1], $"[batch, {channels}, height, width]");
        RequireFloating(nameof(latent), latent, "");
        using DisposeScope scope = NewDisposeScope();
        Tensor wide = latent.to(latent.dtype == ScalarType.Float64 ? latent.dtype : Precision.AtLeastSingle(dtype));
        Tensor decoded = codec.Decode(codec.Denormalize(Scaled(wide, sampleScale)).to(dtype).to(Device));
        return Returned(decoded, latent, "latent");
    }

    /// <summary>A condition with a mask and the latents of what it leaves, for a network of so many channels.</summary>
    internal Costate.Condition Inpainting(Costate.Condition condition, Tensor image, Tensor mask, int channels)
    {
        if (!PipelineNetwork.Paints(channels, codec.Config.LatentChannels))
        {
            throw new InvalidOperationException(
                $"The network takes {channels} channels and no mask: it is not one for inpainting. Guide its samples instead "
                    + $"({nameof(GuidedSampler)}), or load a model for inpainting.");
        }

        Input.Fits(nameof(image), image, [-1, codec.Config.InChannels, -1, -1], $"[batch, {codec.Config.InChannels}, height, width]");
        (long batch, long height, long width) = (image.shape[0], image.shape[2], image.shape[3]);
        Input.Fits(nameof(mask), mask, [mask.shape[0] == 1 ? 1 : batch, 1, height, width], $"[{batch}, 1, {height}, {width}]");
        using DisposeScope scope = NewDisposeScope();
        ScalarType wide = Precision.AtLeastSingle(image.dtype);
        Tensor repainted = mask.to(image.device).ge(0.5).to(wide);
        Tensor kept = Encode(image * (1 - repainted).to(image.dtype)).to(wide);
        Tensor small = nn.functional.interpolate(repainted, [kept.shape[2], kept.shape[3]], mode: InterpolationMode.Nearest);
        return condition
            .With(PipelineNetwork.Mask, small.expand(kept.shape[0], -1, -1, -1).contiguous().MoveToOuterDisposeScope())
            .With(PipelineNetwork.Masked, kept.alias().MoveToOuterDisposeScope());
    }

    private static Tensor Scaled(Tensor value, double scale) => scale == 1 ? value : value * scale;

    // An alias where nothing changed: the caller's scope gets it, and no argument.
    private Tensor Returned(Tensor result, Tensor like, string what)
    {
        if (dtype == ScalarType.Float16 && !AllFinite(result) && AllFinite(like))
        {
            throw new InvalidOperationException(
                $"The autoencoder exceeds the range of float16 on this {what}, as that of SDXL does. Load the pipeline in bfloat16 or "
                    + "float32, or use weights that were made for float16.");
        }

        return result.to(like.dtype).to(like.device).alias().MoveToOuterDisposeScope();
    }

    private static bool AllFinite(Tensor tensor)
    {
        using DisposeScope scope = NewDisposeScope();
        return tensor.isfinite().all().item<bool>();
    }

    private static void RequireFloating(string parameter, Tensor value, string remedy)
    {
        if (!value.is_floating_point())
        {
            throw new InputException(parameter, $"numbers of {value.dtype}", "floating-point numbers", remedy);
        }
    }
}
