using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Puts trained weights into a fresh network.</summary>
internal static class PretrainedNetwork
{
    /// <summary>The network with the file's weights, in evaluation mode; disposed if that fails.</summary>
    internal static TNetwork Load<TNetwork>(
        TNetwork network,
        string weights,
        Func<string, string>? currentName,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
        where TNetwork : nn.Module
    {
        try
        {
            network.to(device ?? CPU, dtype);
            ParameterFile.Load(weights, network, currentName, progress, cancellationToken);
            foreach (Parameter parameter in network.parameters())
            {
                parameter.requires_grad_(trainable && parameter.requires_grad);
            }

            network.eval();
            OwnParameters(network);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Makes the network the one owner of its parameters. TorchSharp's layers differ in whether a dispose scope takes them.</summary>
    internal static void OwnParameters(nn.Module network)
    {
        foreach (Parameter parameter in network.parameters())
        {
            parameter.DetachFromDisposeScope();
        }
    }
}
