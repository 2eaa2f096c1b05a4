using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Compares the tensors of a file with the parameters of a network, and says all that differs.</summary>
internal static class ParameterComparison
{
    /// <param name="source">The weights.</param>
    /// <param name="stored">Present name to name in the file.</param>
    /// <param name="parameters">What the network has.</param>
    internal static void Require(WeightSource source, Dictionary<string, string> stored,
        IReadOnlyList<(string Name, Parameter Parameter)> parameters)
    {
        List<string> missing = [], misshapen = [];
        foreach ((string name, Parameter parameter) in parameters)
        {
            if (!stored.TryGetValue(name, out string? storedName))
            {
                missing.Add($"{ErrorText.Quote(name)} of shape "
                    + $"{Shown(parameter.shape)}{(source.Other(name) is { } other ? $", which is {other} there" : "")}");
                continue;
            }

            StoredTensor info = source.Info(storedName);
            CheckDtype(source, storedName, info);
            if (!SameShape(info.Shape, parameter.shape))
            {
                misshapen.Add(
                    $"{ErrorText.Quote(name)} in shape {Shown(info.Shape)}; the network has it in shape {Shown(parameter.shape)}");
            }
        }

        HashSet<string> known = new(parameters.Select(p => p.Name), StringComparer.Ordinal);
        string[] unexpected = [.. stored.Where(pair => !known.Contains(pair.Key) && !IsPositions(source, pair.Value))
            .Select(pair => $"{ErrorText.Quote(pair.Value)} of shape {Shown(source.Info(pair.Value).Shape)}")];
        if (missing.Count + misshapen.Count + unexpected.Length > 0)
        {
            throw new InvalidDataException(
                $"'{source.Path}' does not fit the network.{Listed(" It has no parameter", missing, "")}"
                + $"{Listed(" It holds", unexpected, ", which the network does not have")}{Listed(" It holds", misshapen, "")} "
                + $"{Advice(source)}");
        }
    }

    private static string Advice(WeightSource source) =>
        FileKinds.Part(source.Names) is { } part ? $"By its names the file is {part}: give the file of the whole network."
        : FileKinds.IsOriginal(source.Names)
        ? "By its names the file holds all networks of a model in their original layout: split it into its parts."
        : "The file and the configuration are of different networks.";

    private static string Listed(string start, IReadOnlyList<string> items, string end)
    {
        const int Most = 8;
        return items.Count == 0 ? ""
            : $"{start} {string.Join(", ", items.Take(Most))}{(items.Count > Most ? $" and {items.Count - Most} more" : "")}{end}.";
    }

    private static void CheckDtype(WeightSource source, string name, StoredTensor info)
    {
        if (info.Dtype is { } dtype && is_floating_point(dtype))
        {
            return;
        }

        // Whole numbers are codes of a compressed network, not its weights.
        string remedy = info.DtypeName.StartsWith("F8", StringComparison.Ordinal)
            ? "Weights of 8 bits (fp8) cannot be read: use the fp16 or bf16 file of the model."
            : "Convert the file first.";
        throw new InvalidDataException(
            $"'{source.Path}' holds {ErrorText.Quote(name)} as {info.DtypeName}; expected a parameter in F64, F32, F16 or BF16. {remedy}");
    }

    // A projection of every pixel is stored as a matrix or as a convolution of one pixel.
    private static bool SameShape(IReadOnlyList<long> stored, long[] expected) =>
        stored.SequenceEqual(expected) || (Matrix(stored) is { } a && Matrix(expected) is { } b && a == b);

    private static (long Out, long In)? Matrix(IReadOnlyList<long> shape) => shape switch
    {
        [var o, var i] => (o, i),
        [var o, var i, 1, 1] => (o, i),
        _ => null,
    };

    // Older files of text encoders keep the numbers 0 to 76.
    private static bool IsPositions(WeightSource source, string name) =>
        name.EndsWith("position_ids", StringComparison.Ordinal)
            && source.Info(name).Dtype is ScalarType.Int64 or ScalarType.Float32 or ScalarType.Float16;

    private static string Shown(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
