namespace Costate.Networks;

/// <summary>Checks on the options of a network, whether they come from a file or from code.</summary>
internal static class Option
{
    // No published network comes near; keeps sizes that are computed from options within 32 bits.
    private const int MaxSize = 1 << 16;

    internal static void Positive(string name, int value)
    {
        if (value is < 1 or > MaxSize)
        {
            throw new ArgumentException($"Got {name} {value}; expected 1 to {MaxSize}.");
        }
    }

    internal static void Positive(string name, IReadOnlyList<int> values)
    {
        if (values.Count == 0)
        {
            throw new ArgumentException($"Got no {name}; expected one for each level.");
        }

        foreach (int value in values)
        {
            Positive(name, value);
        }
    }

    /// <summary>A number for each level, or one for all.</summary>
    internal static void Levels(string name, IReadOnlyList<int> values, int levels)
    {
        Positive(name, values);
        if (values.Count != 1)
        {
            Count(name, values.Count, "block_out_channels", levels);
        }
    }

    internal static void Count(string name, int count, string of, int expected)
    {
        if (count != expected)
        {
            throw new ArgumentException($"Got {count} {name} for {expected} {of}; expected as many.");
        }
    }

    internal static void Divides(string name, int divisor, string of, int value)
    {
        if (value % divisor != 0)
        {
            throw new ArgumentException($"Got {name} {divisor} and {of} {value}; expected a divisor of it.");
        }
    }

    internal static void Probability(string name, double value)
    {
        if (value is not (>= 0 and < 1))
        {
            throw new ArgumentException($"Got {name} {value}; expected 0 or more and less than 1.");
        }
    }

    internal static void OneOf(string name, string? value, params ReadOnlySpan<string?> supported)
    {
        foreach (string? candidate in supported)
        {
            if (candidate == value)
            {
                return;
            }
        }

        throw new NotSupportedException(
            $"Got {name} {Shown(value)}, which is not supported; expected {string.Join(", ", supported.ToArray().Select(Shown))}.");
    }

    private static string Shown(string? value) => value is null ? "null" : ErrorText.Quote(value);
}
