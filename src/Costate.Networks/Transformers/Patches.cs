using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Square patches of an image as vectors, in rows, and back (Dosovitskiy et al. 2021).</summary>
internal static class Patches
{
    /// <summary>[batch, patches, channels x size x size] of an image [batch, channels, height, width].</summary>
    internal static Tensor Of(Tensor image, int size)
    {
        using DisposeScope scope = NewDisposeScope();
        return image.unflatten(3, [-1, size]).unflatten(2, [-1, size]).permute(0, 2, 4, 1, 3, 5).flatten(1, 2).flatten(2)
            .MoveToOuterDisposeScope();
    }

    /// <summary>The image of vectors [batch, patches, channels x size x size]: what <see cref="Of"/> was made of.</summary>
    internal static Tensor Unpacked(Tensor vectors, int size, long height, long width)
    {
        using DisposeScope scope = NewDisposeScope();
        return vectors.unflatten(2, [-1, size, size]).unflatten(1, [height / size, width / size]).permute(0, 3, 1, 4, 2, 5)
            .flatten(4, 5).flatten(2, 3).MoveToOuterDisposeScope();
    }

    /// <summary>The image of vectors [batch, patches, size x size x channels], whose channels are last.</summary>
    internal static Tensor Image(Tensor vectors, int size, long height, long width)
    {
        using DisposeScope scope = NewDisposeScope();
        return vectors.unflatten(2, [size, size, -1]).unflatten(1, [height / size, width / size]).permute(0, 5, 1, 3, 2, 4)
            .flatten(4, 5).flatten(2, 3).MoveToOuterDisposeScope();
    }
}
