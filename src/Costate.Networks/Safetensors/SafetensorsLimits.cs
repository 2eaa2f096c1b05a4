namespace Costate.Networks;

/// <summary>The limits that reading and writing share, so that whatever is written can be read again.</summary>
internal static class SafetensorsLimits
{
    /// <summary>The bytes before the header: its length, little-endian.</summary>
    internal const int PrefixBytes = 8;

    /// <summary>The shortest header, an empty object.</summary>
    internal const int MinHeaderBytes = 2;

    /// <summary>The longest header, as in the format's reference implementation.</summary>
    internal const int MaxHeaderBytes = 100_000_000;

    /// <summary>More dimensions than any network uses; NumPy has the same limit.</summary>
    internal const int MaxDimensions = 64;

    /// <summary>The key of the header that holds text about the file, not a tensor.</summary>
    internal const string MetadataKey = "__metadata__";

    /// <summary>The number of elements, or null where an element count or stride would leave the range of a long.</summary>
    internal static long? ElementCount(ReadOnlySpan<long> shape, int elementBits)
    {
        int elementSize = Math.Max(elementBits / 8, 1);
        long product = 1;
        bool empty = false;
        foreach (long size in shape)
        {
            // The strides of an empty tensor skip its zeros, so its other dimensions must not overflow either.
            empty |= size == 0;
            long factor = Math.Max(size, 1);
            if (product > long.MaxValue / elementSize / factor)
            {
                return null;
            }

            product *= factor;
        }

        return empty ? 0 : product;
    }
}
