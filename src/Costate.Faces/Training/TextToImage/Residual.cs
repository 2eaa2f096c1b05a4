using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Training.TextToImage;

/// <summary>Residual parts that add nothing at first, so that a deep network begins as a shallow one (Goyal et al. 2017).</summary>
internal static class Residual
{
    /// <summary>Sets the weights whose names end so to zero.</summary>
    internal static void BeginAtZero(nn.Module network, params ReadOnlySpan<string> ends)
    {
        using IDisposable noGraph = no_grad();
        foreach ((string name, Parameter parameter) in network.named_parameters())
        {
            foreach (string end in ends)
            {
                if (name.EndsWith(end, StringComparison.Ordinal))
                {
                    parameter.zero_();
                }
            }
        }
    }
}
