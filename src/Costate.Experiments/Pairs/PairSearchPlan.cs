using System.Globalization;
using Costate.Faces.Reports;

namespace Costate.Experiments.Pairs;

/// <summary>Among whom pairs are looked for.</summary>
/// <param name="People">How many are drawn.</param>
/// <param name="FirstIdentity">The first of them; the others follow.</param>
/// <param name="Tries">How many of the refused blends whose losses fall, those with the lowest then, are optimised to the end.</param>
internal sealed record PairSearchPlan(int People, ulong FirstIdentity, int Tries)
{
    private const string PeopleSetting = "people";
    private const string IdentitySetting = "firstIdentity";
    private const string TriesSetting = "tries";

    internal ulong[] Identities => [.. Enumerable.Range(0, People).Select(i => FirstIdentity + (ulong)i)];

    /// <summary>By name.</summary>
    internal IEnumerable<(string Name, Setting? Value)> Describe() =>
        [(PeopleSetting, (int?)People), (IdentitySetting, (ulong?)FirstIdentity), (TriesSetting, (int?)Tries)];

    /// <summary>What <see cref="Describe"/> has written.</summary>
    /// <param name="folder">Where, for messages.</param>
    /// <param name="described">It, among others.</param>
    /// <exception cref="InvalidDataException">It is not there.</exception>
    internal static PairSearchPlan Of(string folder, IReadOnlyDictionary<string, Setting> described)
    {
        return new PairSearchPlan((int)Whole(PeopleSetting, int.MaxValue), Whole(IdentitySetting), (int)Whole(TriesSetting, int.MaxValue));

        ulong Whole(string name, ulong most = ulong.MaxValue) =>
            described.TryGetValue(name, out Setting? told)
            && ulong.TryParse(told.Text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            && value <= most
                ? value
                : throw new InvalidDataException(
                    $"'{folder}' does not say {name}, a whole number; expected what costate evaluate pairs has written.");
    }
}
