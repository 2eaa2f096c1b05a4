namespace Costate.Networks;

/// <summary>A class or function that a pickle names. It is a name and nothing else: nothing is looked up.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>What a pickle would have had made by code: it has no value here.</summary>
internal sealed record PickleInert(string Origin);

/// <summary>A list, a set or what is filled like one.</summary>
internal sealed class PickleList
{
    internal List<object?> Items { get; } = [];
}

/// <summary>A dictionary; of the same key the last entry counts.</summary>
internal sealed class PickleDictionary
{
    internal List<(object? Key, object? Value)> Entries { get; } = [];

    internal object? Find(string key)
    {
        object? found = null;
        foreach ((object? name, object? value) in Entries)
        {
            found = name is string text && text == key ? value : found;
        }

        return found;
    }
}

/// <summary>Elements in the file that tensors are views of.</summary>
/// <param name="dtype">The element type; of an untyped storage bytes.</param>
/// <param name="key">Its name in the file.</param>
/// <param name="count">The number of elements.</param>
internal sealed class PickleStorage(SafetensorsDtype dtype, string key, long count)
{
    internal SafetensorsDtype Dtype { get; } = dtype;

    internal string Key { get; } = key;

    internal long Count { get; } = count;

    /// <summary>The bytes that it takes.</summary>
    internal long Bytes => Count * (Dtype.Bits / 8);

    /// <summary>Where it starts in the file; set once that is known.</summary>
    internal long Position { get; set; } = -1;
}

/// <summary>A view of a storage: offset and strides in elements of <paramref name="Dtype"/>, checked to lie inside it.</summary>
internal sealed record PickledTensor(PickleStorage Storage, long StorageOffset, SafetensorsDtype Dtype, long[] Shape, long[] Strides)
{
    internal long Elements => Shape.Aggregate(1L, (product, size) => product * size);

    internal long Bytes => Elements * (Dtype.Bits / 8);

    /// <summary>The elements of the storage from the first to the last that it shows.</summary>
    internal long Span => Elements == 0 ? 0 : 1 + Shape.Zip(Strides, (size, stride) => (size - 1) * stride).Sum();

    internal bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int i = Shape.Length - 1; i >= 0; i--)
            {
                if (Shape[i] != 1 && Strides[i] != expected)
                {
                    return false;
                }

                expected *= Shape[i];
            }

            return true;
        }
    }
}
