using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Layers that begin as zero, so that a new residual block begins as the identity.</summary>
internal static class Zero
{
    internal static void Parameters(nn.Module layer)
    {
        using IDisposable noGraph = no_grad();
        foreach (Parameter parameter in layer.parameters())
        {
            parameter.zero_();
        }
    }
}
