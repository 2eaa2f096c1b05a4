namespace Costate.Networks;

/// <summary>The few calls of a pickle that mean something to a state dict; every other gives a value without use, and nothing
/// runs.</summary>
internal static class PickleCalls
{
    private const int MaxDimensions = 64;

    private static readonly Dictionary<string, string> Storages = new(StringComparer.Ordinal)
    {
        ["FloatStorage"] = "F32",
        ["HalfStorage"] = "F16",
        ["BFloat16Storage"] = "BF16",
        ["DoubleStorage"] = "F64",
        ["LongStorage"] = "I64",
        ["IntStorage"] = "I32",
        ["ShortStorage"] = "I16",
        ["CharStorage"] = "I8",
        ["ByteStorage"] = "U8",
        ["BoolStorage"] = "BOOL",
        ["ComplexFloatStorage"] = "C64",
        ["UntypedStorage"] = "U8",
        ["TypedStorage"] = "U8",
    };

    private static readonly Dictionary<string, string> Dtypes = new(StringComparer.Ordinal)
    {
        ["float32"] = "F32",
        ["float16"] = "F16",
        ["bfloat16"] = "BF16",
        ["float64"] = "F64",
        ["int64"] = "I64",
        ["int32"] = "I32",
        ["int16"] = "I16",
        ["int8"] = "I8",
        ["uint8"] = "U8",
        ["bool"] = "BOOL",
        ["uint16"] = "U16",
        ["uint32"] = "U32",
        ["uint64"] = "U64",
        ["complex64"] = "C64",
        ["float8_e4m3fn"] = "F8_E4M3",
        ["float8_e5m2"] = "F8_E5M2",
        ["float8_e4m3fnuz"] = "F8_E4M3FNUZ",
        ["float8_e5m2fnuz"] = "F8_E5M2FNUZ",
        ["float8_e8m0fnu"] = "F8_E8M0",
    };

    internal static object? Call(PickleInput input, object? function, object? arguments)
    {
        object?[] given = arguments as object?[] ?? [];
        if (function is not PickleGlobal global)
        {
            return new PickleInert(function is PickleInert inert ? inert.Origin : "the result of a call");
        }

        return (global.Module, global.Name) switch
        {
            ("collections", "OrderedDict") => Ordered(given),
            ("torch", "Size") => given is [object?[] sizes] ? sizes : given,
            ("torch._utils", "_rebuild_tensor" or "_rebuild_tensor_v2" or "_rebuild_tensor_v3") => Tensor(input, given, global.Name),
            ("torch._utils", "_rebuild_parameter" or "_rebuild_parameter_with_state") when given is [PickledTensor data, ..] => data,
            _ => new PickleInert($"an object of {ErrorText.Shorten(global.ToString())}"),
        };
    }

    /// <summary>The storage that a persistent id names: ('storage', class, key, location, count[, view]).</summary>
    internal static PickleStorage Storage(PickleInput input, object? id)
    {
        if (id is not object?[] { Length: >= 5 } parts || parts[0] is not "storage" || parts[2] is not string key
            || parts[4] is not long count)
        {
            throw input.Damaged("it refers to something outside its pickle that is no storage", "('storage', class, key, location, count)");
        }

        if (parts[1] is not PickleGlobal { Module: "torch" or "torch.storage" } type || !Storages.TryGetValue(type.Name, out string? name))
        {
            throw input.Damaged($"a storage is of the class {ErrorText.Quote($"{parts[1]}")}",
                $"one of {string.Join(", ", Storages.Keys)}");
        }

        if (parts is [.., _, object?[]])
        {
            throw input.Damaged($"storage {ErrorText.Quote(key)} is a view of another, as PyTorch wrote before 0.4",
                "whole storages. Load and save the file with a newer PyTorch");
        }

        SafetensorsDtype dtype = SafetensorsDtype.Find(name)!;
        return count >= 0 && count <= long.MaxValue / 16
            ? new PickleStorage(dtype, key, count)
            : throw input.Damaged($"storage {ErrorText.Quote(key)} has {count} elements", "a number of them");
    }

    // Before dictionaries were filled item by item, their pairs came with the call.
    private static PickleDictionary Ordered(object?[] given)
    {
        var dictionary = new PickleDictionary();
        if (given is [PickleList pairs])
        {
            foreach (object? pair in pairs.Items)
            {
                if ((pair as PickleList)?.Items.ToArray() is [var key, var value]
                    || (pair is object?[] { Length: 2 } tuple && (key = tuple[0]) is var _ && (value = tuple[1]) is var _))
                {
                    dictionary.Entries.Add((key, value));
                }
            }
        }

        return dictionary;
    }

    private static PickledTensor Tensor(PickleInput input, object?[] given, string function)
    {
        if (given is not [PickleStorage storage, long offset, object?[] sizes, object?[] strides, ..])
        {
            throw input.Damaged($"a tensor is given to {function} in another form", "storage, offset, sizes and strides");
        }

        SafetensorsDtype dtype = storage.Dtype;
        if (function == "_rebuild_tensor_v3")
        {
            dtype = given is [_, _, _, _, _, _, PickleGlobal { Module: "torch" } type, ..]
                && Dtypes.TryGetValue(type.Name, out string? name)
                ? SafetensorsDtype.Find(name)!
                : throw input.Damaged("a tensor is of an element type that is not known", $"one of {string.Join(", ", Dtypes.Keys)}");
        }

        if (sizes.Length != strides.Length || sizes.Length > MaxDimensions || !sizes.Concat(strides).Append(offset)
            .All(value => value is >= 0L))
        {
            throw input.Damaged(
                $"a tensor of sizes [{Shown(sizes)}] and strides [{Shown(strides)}] begins at {offset}",
                    "as many sizes as strides, and none below 0");
        }

        long[] shape = [.. sizes.Cast<long>()];
        long[] steps = [.. strides.Cast<long>()];
        Int128 last = offset;
        Int128 elements = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            last += (Int128)(shape[i] - 1) * steps[i];
            elements *= shape[i];
            if (elements > long.MaxValue / 16 || last > long.MaxValue)
            {
                throw input.Damaged($"a tensor of sizes [{Shown(sizes)}] and strides [{Shown(strides)}] is larger than any file",
                    "one inside its storage");
            }
        }

        long available = storage.Bytes / (dtype.Bits / 8);
        return elements == 0 || last < available
            ? new PickledTensor(storage, offset, dtype, shape, steps)
            : throw input.Damaged(
                $"a tensor of sizes [{Shown(sizes)}] and strides [{Shown(strides)}] from {offset} on reaches element {last} of "
                    + $"{available}", "one inside its storage");
    }

    private static string Shown(object?[] values) => ErrorText.Shorten(string.Join(", ", values));
}
