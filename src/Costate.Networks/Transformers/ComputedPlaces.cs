using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The patches of an image as vectors, with their places computed for its size.</summary>
internal sealed class ComputedPlaces : NetworkBlock
{
    private readonly int patch;
    private readonly int trained;
    private readonly double scale;
    private readonly Conv2d projection;

    /// <param name="channels">Channels of the image.</param>
    /// <param name="width">Width of the vectors.</param>
    /// <param name="patch">Side of a patch.</param>
    /// <param name="trained">The side of the grid of patches that the network was trained on.</param>
    /// <param name="scale">By what places are divided besides.</param>
    /// <param name="device">Where it is made.</param>
    internal ComputedPlaces(int channels, int width, int patch, int trained, double scale, Device? device)
        : base(nameof(ComputedPlaces))
    {
        (this.patch, this.trained, this.scale) = (patch, trained, scale);
        register_module("proj", projection = nn.Conv2d(channels, width, patch, stride: patch, device: device));
    }

    /// <summary>The present name of a file's tensor: older files hold the places, which are computed here.</summary>
    internal static string? CurrentName(string name) => name == "pos_embed.pos_embed" ? null : name;

    /// <summary>[batch, patches, width] of [batch, channels, height, width].</summary>
    internal Tensor Forward(Tensor image)
    {
        using DisposeScope scope = NewDisposeScope();

        // A convolution of patches is a product.
        Tensor vectors = nn.functional.linear(Patches.Of(image, patch), projection.weight!.flatten(1), projection.bias);
        int width = (int)vectors.shape[2];
        Tensor places = PlaceTable.Of(image.shape[2] / patch, image.shape[3] / patch, width, trained, scale, image.device);
        return vectors.add_(places.to(vectors.dtype)).MoveToOuterDisposeScope();
    }
}
