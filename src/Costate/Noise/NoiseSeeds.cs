namespace Costate;

/// <summary>
/// Which random numbers each item of a batch sees: one seed for the batch, whose item i draws from stream i, or a seed for each item.
/// </summary>
/// <remarks>A number converts to the first, an array to the second. The default is seed 0.</remarks>
public readonly struct NoiseSeeds
{
    private readonly ulong seed;
    private readonly (ulong Seed, uint Stream)[]? items;

    private NoiseSeeds(ulong seed, (ulong Seed, uint Stream)[]? items) => (this.seed, this.items) = (seed, items);

    /// <summary>A seed for the whole batch; item i draws from stream i.</summary>
    /// <param name="seed">The seed.</param>
    public static implicit operator NoiseSeeds(ulong seed) => new(seed, null);

    /// <summary>A seed for each item; equal seeds give equal noise, in any batch.</summary>
    /// <param name="seeds">[batch] of them.</param>
    public static implicit operator NoiseSeeds(ulong[] seeds) => OfItems(seeds);

    /// <summary>A seed for each item; equal seeds give equal noise, in any batch.</summary>
    /// <param name="seeds">As many as the batch has items.</param>
    public static NoiseSeeds OfItems(params IEnumerable<ulong> seeds)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        return new NoiseSeeds(0, [.. seeds.Select(seed => (seed, 0u))]);
    }

    /// <summary>The seed and stream of an item.</summary>
    internal (ulong Seed, uint Stream) this[int item] => items is null ? (seed, (uint)item) : items[item];

    /// <summary>Those of some items, by their numbers.</summary>
    internal NoiseSeeds ForItems(IReadOnlyList<int> numbers)
    {
        NoiseSeeds all = this;
        return new NoiseSeeds(0, [.. numbers.Select(item => all[item])]);
    }

    /// <summary>Unrelated ones of the same items, for another use.</summary>
    internal NoiseSeeds For(ulong use) => new(seed ^ use, items is null ? null : [.. items.Select(item => (item.Seed ^ use, item.Stream))]);

    /// <summary>Refuses seeds that are not as many as the batch's items.</summary>
    internal void Check(string parameter, long batch)
    {
        if (items is not null && items.Length != batch)
        {
            throw new InputException(
                parameter,
                $"{items.Length} seeds for a batch of {batch}",
                "one seed for each item, or one for the whole batch");
        }
    }
}
