using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Puts trained weights into a fresh network.</summary>
internal static class PretrainedNetwork
{
    // Where a file of weights keeps the configuration of its network: in its metadata.
    private const string ConfigurationName = "config";

    /// <summary>The network with the weights of a file or folder (see <see cref="WeightSource.Open"/>), in evaluation mode; disposed if
    /// that fails.</summary>
    internal static TNetwork Load<TNetwork>(
        TNetwork network,
        string weights,
        Func<string, string?>? currentName,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken,
        string? variant = null)
        where TNetwork : nn.Module
    {
        WeightSource source;
        try
        {
            source = WeightSource.Open(weights, variant);
        }
        catch
        {
            network.Dispose();
            throw;
        }

        using (source)
        {
            return Load(network, source, currentName, device, dtype, trainable, progress, cancellationToken);
        }
    }

    /// <summary>The network with these weights, in evaluation mode; disposed if that fails.</summary>
    internal static TNetwork Load<TNetwork>(
        TNetwork network,
        WeightSource weights,
        Func<string, string?>? currentName,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
        where TNetwork : nn.Module
    {
        try
        {
            MetaParameters.Allocate(network, device ?? CPU, dtype);
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

    /// <summary>The configuration that a file of weights carries.</summary>
    internal static string Configuration(string weights)
    {
        using SafetensorsFile file = SafetensorsFile.Open(weights);
        return file.Metadata.TryGetValue(ConfigurationName, out string? json)
            ? json
            : throw new InvalidDataException(
                $"'{weights}' has no metadata {ErrorText.Quote(ConfigurationName)}; expected the configuration of its network there. "
                    + "It was not written by this library.");
    }

    /// <summary>Writes a network's parameters with its configuration.</summary>
    internal static void Save(
        nn.Module network,
        string path,
        ScalarType dtype,
        string configuration,
        IReadOnlyDictionary<string, string>? metadata)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        var all = new Dictionary<string, string>(metadata ?? new Dictionary<string, string>()) { [ConfigurationName] = configuration };
        SafetensorsFile.Write(
            path,
            network.named_parameters().Select(p => KeyValuePair.Create(p.name, p.parameter.detach().to(dtype))),
            all);
    }

    /// <summary>
    /// Makes the network the one owner of its parameters. TorchSharp's layers differ in whether a dispose scope takes them.
    /// </summary>
    internal static void OwnParameters(nn.Module network)
    {
        foreach (Parameter parameter in network.parameters())
        {
            parameter.DetachFromDisposeScope();
        }
    }
}
