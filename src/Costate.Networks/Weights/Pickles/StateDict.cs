namespace Costate.Networks;

/// <summary>Finds the named tensors in what a checkpoint holds.</summary>
internal static class StateDict
{
    private const string Module = "module.";
    private const int MaxDepth = 4;

    // The plain weights go before averages of them.
    private static readonly string[] Wrappers = ["state_dict", "model", "module", "params", "params_ema", "ema"];

    /// <summary>The tensors, and of other values under a name what they are.</summary>
    internal static (Dictionary<string, PickledTensor> Tensors, Dictionary<string, string> Others) Of(string path, object? root)
    {
        if (root is not PickleDictionary dictionary)
        {
            string hint = root is PickleInert ? " Where it is a whole model, save its state_dict() instead." : "";
            throw PickleWeights.Damaged(path, $"it holds {Described(root)}",
                $"a dictionary of tensors{(hint.Length > 0 ? "." + hint : "")}");
        }

        PickleDictionary found = Find(dictionary) ?? throw None(path, dictionary);
        var tensors = new Dictionary<string, PickledTensor>(StringComparer.Ordinal);
        var others = new Dictionary<string, string>(StringComparer.Ordinal);
        bool wrapped =
            found.Entries.All(entry =>
                entry.Value is not PickledTensor || entry.Key is string name && name.StartsWith(Module, StringComparison.Ordinal));
        foreach ((object? key, object? value) in found.Entries)
        {
            if (key is not string name)
            {
                continue;
            }

            name = wrapped && name.StartsWith(Module, StringComparison.Ordinal) ? name[Module.Length..] : name;
            tensors.Remove(name);
            if (value is PickledTensor tensor)
            {
                tensors.Add(name, tensor);
            }
            else
            {
                others[name] = Described(value);
            }
        }

        return (tensors, others);
    }

    private static PickleDictionary? Find(PickleDictionary root)
    {
        PickleDictionary? current = root;
        for (int depth = 0; current is not null && depth < MaxDepth; depth++)
        {
            PickleDictionary[] inner = [.. Wrappers.Select(current.Find).OfType<PickleDictionary>()];
            if (Array.Find(inner, HasTensors) is { } found)
            {
                return found;
            }

            if (HasTensors(current))
            {
                return current;
            }

            current = inner.FirstOrDefault();
        }

        return null;
    }

    private static bool HasTensors(PickleDictionary dictionary) =>
        dictionary.Entries.Exists(entry => entry is { Key: string, Value: PickledTensor });

    private static InvalidDataException None(string path, PickleDictionary root)
    {
        (object? key, object? value) = root.Entries.FirstOrDefault(entry => entry.Key is string);
        string got = key is string name ? $"it holds no tensors; {ErrorText.Quote(name)} is {Described(value)}" : "it holds no tensors";
        return PickleWeights.Damaged(path, got, $"a dictionary of tensors, itself or under {string.Join(", ", Wrappers)}");
    }

    private static string Described(object? value) => value switch
    {
        PickleInert inert => inert.Origin,
        PickleGlobal global => $"the class {ErrorText.Shorten(global.ToString())}",
        PickleDictionary => "a dictionary",
        PickleList or object?[] => "a list",
        PickledTensor => "a single tensor without a name",
        string => "a text",
        null => "nothing",
        _ => "a number",
    };
}
