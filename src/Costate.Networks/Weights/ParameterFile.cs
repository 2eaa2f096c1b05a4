using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Fills a network's parameters from a safetensors file that must hold exactly these, by name and shape.</summary>
internal static class ParameterFile
{
    /// <summary>Loads every parameter. The network is unchanged where names or shapes differ: all are compared first.</summary>
    /// <param name="path">The file.</param>
    /// <param name="module">The network.</param>
    /// <param name="currentName">The present name of a tensor that older files call otherwise, null for one that the network does not
    /// need; the default leaves names alone.</param>
    /// <param name="progress">Told after each tensor how many bytes have been read.</param>
    /// <param name="cancellationToken">Ends the loading between two tensors.</param>
    internal static void Load(
        string path,
        nn.Module module,
        Func<string, string?>? currentName = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Dictionary<string, string> stored = StoredNames(path, file, currentName);
        (string Name, Parameter Parameter)[] parameters = [.. module.named_parameters()];
        Compare(path, file, stored, parameters);

        using IDisposable noGraph = no_grad();
        long bytes = 0;
        foreach ((string name, Parameter parameter) in parameters)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            parameter.copy_(file.Read(stored[name]).reshape(parameter.shape));
            bytes += file.Info(stored[name]).ByteCount;
            progress?.Report(bytes);
        }
    }

    private static Dictionary<string, string> StoredNames(string path, SafetensorsFile file, Func<string, string?>? currentName)
    {
        var stored = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in file.Names)
        {
            if ((currentName is null ? name : currentName(name)) is not { } current)
            {
                continue;
            }

            if (!stored.TryAdd(current, name))
            {
                throw new InvalidDataException(
                    $"'{path}' holds both {ErrorText.Quote(stored[current])} and {ErrorText.Quote(name)}, "
                        + "old and new name of one parameter; expected one of them.");
            }
        }

        return stored;
    }

    private static void Compare(
        string path,
        SafetensorsFile file,
        Dictionary<string, string> stored,
        (string Name, Parameter Parameter)[] parameters)
    {
        foreach ((string name, Parameter parameter) in parameters)
        {
            if (!stored.TryGetValue(name, out string? storedName))
            {
                throw new InvalidDataException(
                    $"'{path}' has no parameter {ErrorText.Quote(name)} of shape {Shown(parameter.shape)}, which the network has. "
                        + "The file and the configuration are of different networks.");
            }

            // Whole numbers are codes of a compressed network, not its weights.
            if (file.Info(storedName).Dtype is not { } dtype || !is_floating_point(dtype))
            {
                throw new InvalidDataException(
                    $"'{path}' holds {ErrorText.Quote(storedName)} as {file.Info(storedName).DtypeName}; "
                        + "expected a parameter in F64, F32, F16 or BF16. Convert the file first.");
            }

            IReadOnlyList<long> shape = file.Info(storedName).Shape;
            if (!Same(shape, parameter.shape))
            {
                throw new InvalidDataException(
                    $"'{path}' holds {ErrorText.Quote(name)} in shape {Shown(shape)}; the network has it in shape "
                        + $"{Shown(parameter.shape)}. The file and the configuration are of different networks.");
            }
        }

        HashSet<string> known = new(parameters.Select(p => p.Name), StringComparer.Ordinal);
        foreach ((string name, string storedName) in stored)
        {
            if (!known.Contains(name))
            {
                throw new InvalidDataException(
                    $"'{path}' holds {ErrorText.Quote(storedName)} of shape {Shown(file.Info(storedName).Shape)}, "
                        + "which the network does not have. The file and the configuration are of different networks.");
            }
        }
    }

    // A linear layer is a 1 x 1 convolution: [out, in] and [out, in, 1, 1] hold the same weights.
    private static bool Same(IReadOnlyList<long> stored, IReadOnlyList<long> wanted) =>
        stored.SequenceEqual(wanted)
        || (stored.Count is 2 or 4 && wanted.Count is 2 or 4 && stored.Concat([1, 1]).Take(4).SequenceEqual(wanted.Concat([1, 1]).Take(4)));

    private static string Shown(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
