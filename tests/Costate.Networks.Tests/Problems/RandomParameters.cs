using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>Gives a network random parameters that hide nothing: none are zero, not even those that new networks have so.</summary>
internal static class RandomParameters
{
    public static TNetwork Fill<TNetwork>(TNetwork network)
        where TNetwork : nn.Module
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        foreach ((int index, (_, Parameter parameter)) in network.named_parameters().Index())
        {
            double fan = parameter.dim() > 1 ? (double)parameter.numel() / parameter.shape[0] : 4;
            parameter.copy_(StartNoise.Draw(parameter.shape, (ulong)index, ScalarType.Float64) / Math.Sqrt(fan));
        }

        network.eval();
        return network;
    }
}
