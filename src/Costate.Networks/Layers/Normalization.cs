using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Group normalisations that begin as the identity on normalised groups.</summary>
internal static class Normalization
{
    /// <summary>TorchSharp 0.107 leaves the weights of a new GroupNorm as the memory was; here they are set.</summary>
    internal static GroupNorm Groups(int groups, int channels, double eps)
    {
        using IDisposable noGraph = no_grad();
        GroupNorm norm = nn.GroupNorm(groups, channels, eps);
        norm.weight!.fill_(1);
        norm.bias!.fill_(0);
        return norm;
    }
}
