namespace Costate.Networks;

/// <summary>Finds names that a mistyped one may have meant.</summary>
internal static class NearNames
{
    private const int Count = 3;

    // The cost is the product of these and the square of the length, for what is only a hint.
    private const int MaxCandidates = 20_000;
    private const int MaxCharacters = 128;

    internal static string[] Find(string name, IReadOnlyList<string> names)
    {
        if (name.Length > MaxCharacters)
        {
            return [];
        }

        return [.. names
            .Take(MaxCandidates)
            .Where(candidate => candidate.Length <= MaxCharacters)
            .Select(candidate => (candidate, distance: Distance(name, candidate)))
            .Where(pair => pair.distance <= Math.Max(name.Length, pair.candidate.Length) / 2)
            .OrderBy(pair => pair.distance)
            .Take(Count)
            .Select(pair => pair.candidate)];
    }

    /// <summary>Levenshtein's distance: the fewest insertions, deletions and replacements.</summary>
    private static int Distance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        int[] current = new int[b.Length + 1];
        for (int i = 0; i < a.Length; i++)
        {
            current[0] = i + 1;
            for (int j = 0; j < b.Length; j++)
            {
                int replaced = previous[j] + (char.ToUpperInvariant(a[i]) == char.ToUpperInvariant(b[j]) ? 0 : 1);
                current[j + 1] = Math.Min(replaced, Math.Min(previous[j + 1], current[j]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[b.Length];
    }
}
