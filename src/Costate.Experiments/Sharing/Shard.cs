using System.Globalization;

namespace Costate.Experiments.Sharing;

/// <summary>
/// A part of the items: every <paramref name="Count"/>-th, from the <paramref name="Number"/>-th on. All parts together are all items, none
/// of them twice.
/// </summary>
/// <param name="Number">From 1.</param>
/// <param name="Count">How many parts there are.</param>
internal sealed record Shard(int Number, int Count)
{
    internal const int Most = 10_000;

    /// <summary>All items.</summary>
    internal static Shard Whole { get; } = new(1, 1);

    public override string ToString() => FormattableString.Invariant($"{Number}/{Count}");

    /// <exception cref="InputException">It is not a part of a whole.</exception>
    internal static Shard Parse(string text) =>
        text.Split('/') is [var number, var count]
        && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int i)
        && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int n)
        && i >= 1 && i <= n && n <= Most
            ? new Shard(i, n)
            : throw new InputException("shard", text, $"a part of a whole, such as 3/8, of at most {Most} parts; auto, auto/N or dynamic");

    /// <summary>Whether an item belongs to it.</summary>
    internal bool Has(int item) => item % Count == Number - 1;
}
