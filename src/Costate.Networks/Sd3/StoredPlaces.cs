using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The patches of an image as vectors, with their places from a table that is stored with the weights, of which the middle is
/// taken.</summary>
internal sealed class StoredPlaces : WeightLayer
{
    private readonly int patch;
    private readonly int side;
    private readonly Conv2d projection;

    internal StoredPlaces(SD3Transformer2DConfig config, Device? device)
        : base(nameof(StoredPlaces), Initial(config, device), "pos_embed", isTrained: false)
    {
        (patch, side) = (config.PatchSize, config.PosEmbedMaxSize);
        register_module("proj", projection = nn.Conv2d(config.InChannels, config.Width, patch, stride: patch, device: device));
    }

    /// <summary>[batch, patches, width] of [batch, channels, height, width].</summary>
    internal Tensor Forward(Tensor image)
    {
        using DisposeScope scope = NewDisposeScope();
        (long rows, long columns) = (image.shape[2] / patch, image.shape[3] / patch);

        // A convolution of patches is a product.
        Tensor vectors = nn.functional.linear(Patches.Of(image, patch), projection.weight!.flatten(1), projection.bias);
        Tensor middle = Weight.unflatten(1, [side, side])
            .narrow(1, (side - rows) / 2, rows).narrow(2, (side - columns) / 2, columns).flatten(1, 2);
        return vectors.add_(middle).MoveToOuterDisposeScope();
    }

    private static Tensor Initial(SD3Transformer2DConfig config, Device? device)
    {
        int side = config.PosEmbedMaxSize, trained = config.SampleSize / config.PatchSize;
        return device?.type == DeviceType.META ? empty([1, side * side, config.Width], device: device)
            : PlaceTable.Of(side, side, config.Width, trained, 1, device).unsqueeze(0).to(ScalarType.Float32);
    }
}
