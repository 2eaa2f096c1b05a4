using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Group normalisations that begin as the identity on normalised groups.</summary>
internal static class Normalization
{
    /// <summary>TorchSharp 0.107 leaves the weights of a new GroupNorm as the memory was; here they are set.</summary>
    internal static GroupNorm Groups(int groups, int channels, double eps, Device? device = null)
    {
        using IDisposable noGraph = no_grad();
        GroupNorm norm = nn.GroupNorm(groups, channels, eps, device: device);
        norm.weight!.fill_(1);
        norm.bias!.fill_(0);
        return norm;
    }

    /// <summary>
    /// The normalised image, scaled and shifted for each item: in the normalisation itself, without a pass of its own over the image.
    /// </summary>
    /// <param name="norm">The normalisation.</param>
    /// <param name="x">The image, [batch, channels, height, width].</param>
    /// <param name="scale">[batch, channels].</param>
    /// <param name="shift">[batch, channels].</param>
    internal static Tensor Modulated(GroupNorm norm, Tensor x, Tensor scale, Tensor shift)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] shape = x.shape;
        Tensor weight = (scale * norm.weight!).flatten(), bias = addcmul(shift, scale, norm.bias!, 1).flatten();

        // The groups of all items as those of one, whose channels have weights of their own.
        Tensor joined = x.reshape(1, shape[0] * shape[1], shape[2], shape[3]);
        return nn.functional.group_norm(joined, shape[0] * norm.num_groups, weight, bias, norm.eps).view(shape).MoveToOuterDisposeScope();
    }
}
