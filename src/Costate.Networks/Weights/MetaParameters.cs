using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Memory for the parameters of networks that were made on the device meta, which has none.</summary>
internal static class MetaParameters
{
    /// <summary>
    /// Gives each parameter that has none memory of a dtype on a device, as it is: whoever asks for it fills it. Saves random numbers for
    /// weights that are read from a file, which take half a minute for a billion, and their memory in 32 bits.
    /// </summary>
    internal static void Allocate(nn.Module network, Device device, ScalarType dtype)
    {
        foreach (nn.Module module in network.modules().Prepend(network))
        {
            switch (module)
            {
                case Linear layer:
                    Replace(layer.weight, weight => layer.weight = weight);
                    Replace(layer.bias, bias => layer.bias = bias);
                    break;
                case IWeighted layer:
                    Replace(layer.Weight, weight => layer.Weight = weight);
                    break;
                case Conv1d layer:
                    Replace(layer.weight, weight => layer.weight = weight);
                    Replace(layer.bias, bias => layer.bias = bias);
                    break;
                case Conv2d layer:
                    Replace(layer.weight, weight => layer.weight = weight);
                    Replace(layer.bias, bias => layer.bias = bias);
                    break;
                case GroupNorm layer:
                    Replace(layer.weight, weight => layer.weight = weight);
                    Replace(layer.bias, bias => layer.bias = bias);
                    break;
                case LayerNorm layer:
                    Replace(layer.weight, weight => layer.weight = weight);
                    Replace(layer.bias, bias => layer.bias = bias);
                    break;
            }
        }

        void Replace(Parameter? parameter, Action<Parameter> set)
        {
            if (parameter is null || parameter.device_type != DeviceType.META)
            {
                return;
            }

            set(nn.Parameter(empty(parameter.shape, dtype, device), parameter.requires_grad));
            parameter.Dispose();
        }
    }
}
