using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Fills a network's parameters from weights that must be exactly these, by name and shape.</summary>
internal static class ParameterFile
{
    private const double LargestHalf = 65504;

    /// <summary>Loads every parameter. The network is unchanged where names or shapes differ: all are compared first.</summary>
    /// <param name="source">The weights; at most one tensor of them is in memory beside the network.</param>
    /// <param name="module">The network.</param>
    /// <param name="currentName">The present name of a tensor that older files call otherwise, null for one that is to be left out; the
    /// default leaves names alone.</param>
    /// <param name="progress">Told after each tensor how many bytes have been read.</param>
    /// <param name="cancellationToken">Ends the loading between two tensors.</param>
    internal static void Load(
        WeightSource source,
        nn.Module module,
        Func<string, string?>? currentName = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        Dictionary<string, string> stored = StoredNames(source, currentName);
        (string Name, Parameter Parameter)[] parameters = [.. module.named_parameters()];
        ParameterComparison.Require(source, stored, parameters);

        using IDisposable noGraph = no_grad();
        long bytes = 0;
        foreach ((string name, Parameter parameter) in parameters)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            source.Fill(stored[name], parameter, value => CheckRange(source, stored[name], value, parameter));
            bytes += source.Info(stored[name]).ByteCount;
            progress?.Report(bytes);
        }
    }

    private static Dictionary<string, string> StoredNames(WeightSource source, Func<string, string?>? currentName)
    {
        var stored = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in source.Names)
        {
            string? current = currentName is null ? name : currentName(name);
            if (current is not null && !stored.TryAdd(current, name))
            {
                throw new InvalidDataException(
                    $"'{source.Path}' holds both {ErrorText.Quote(stored[current])} and {ErrorText.Quote(name)}, old and new name of one "
                        + "parameter; expected one of them.");
            }
        }

        return stored;
    }

    // The wider types hold what becomes infinite in float16, and nothing downstream would say why.
    private static void CheckRange(WeightSource source, string name, Tensor value, Parameter parameter)
    {
        if (parameter.dtype != ScalarType.Float16 || value.dtype == ScalarType.Float16 || value.NumberOfElements == 0)
        {
            return;
        }

        double largest = value.abs().max().to(ScalarType.Float64).item<double>();
        if (largest > LargestHalf)
        {
            throw new InvalidDataException(
                $"'{source.Path}' holds {ErrorText.Quote(name)} with a value of {largest:g4}, which float16 cannot hold (its largest is "
                    + $"{LargestHalf}). Load the network as bfloat16 or float32.");
        }
    }
}
