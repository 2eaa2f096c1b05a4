using System.Globalization;
using Costate.Faces.Names;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Faces.Sampling;

/// <summary>
/// What a latent's file says of how it was made: what its plan was made of, as text, by name. Files of others say nothing.
/// </summary>
/// <param name="File">Where it was read.</param>
/// <param name="Values">As they were typed, or what they are unless given.</param>
internal sealed record LatentOptions(string File, IReadOnlyDictionary<string, string> Values)
{
    // The names of the values in the file's metadata, among the remarks.
    private const string Prefix = "option.";

    // What texts of an option mean: those that mean the same are the same.
    private static readonly Dictionary<string, Func<string, object>> Meanings = new()
    {
        ["solver"] = text => NamedSolver.Parse(text).Name,
        ["schedule"] = text => NamedSchedule.Parse(text).Schedule.ToString()!,
        ["prediction"] = text => text.ToLowerInvariant(),
        ["grid"] = text => NamedGrid.Meaning(text),
        ["steps"] = text => Whole(text, Limits.Steps),
        ["start"] = Number,
        ["end"] = Number,
        ["mu"] = Number,
        ["sigmas"] = text => string.Join(',', SamplingPlan.NoiseLevels(text)),
        ["time-scale"] = Number,
        ["training-timesteps"] = text => Whole(text, int.MaxValue),
        ["dtype"] = text => text.ToLowerInvariant(),
        ["scheduler"] = text => text,
        ["prompt"] = text => text,
        ["negative"] = text => text,
        ["guidance-scale"] = Number,
        ["network-dtype"] = text => text,
        ["size"] = text => PictureSize.Parse(text) is var (width, height) ? FormattableString.Invariant($"{width}x{height}") : text,
    };

    /// <summary>Those among the remarks of a latent's file, which may hold anything.</summary>
    /// <exception cref="InvalidDataException">One means nothing.</exception>
    internal static LatentOptions Of(string file, IReadOnlyDictionary<string, string> remarks, ScalarType dtype)
    {
        Dictionary<string, string> values = remarks
            .Where(r => r.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(r => (Name: r.Key[Prefix.Length..], r.Value))
            .Concat(NamedDtype.All.Where(d => d.Value == dtype).Select(d => (Name: "dtype", Value: d.Name)))
            .ToDictionary(r => r.Name, r => r.Value);
        foreach ((string name, string value) in values)
        {
            try
            {
                Meanings.GetValueOrDefault(name)?.Invoke(value);
            }
            catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
            {
                throw new InvalidDataException(
                    $"Cannot decode the latent {file}: its {Prefix}{name} is {ErrorText.Quote(value)}, which means nothing here. "
                        + "Invert anew, or use the version of costate that wrote it.",
                    e);
            }
        }

        return new LatentOptions(file, values);
    }

    /// <summary>As remarks of a latent's file.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> ToRemarks(IReadOnlyDictionary<string, string> values) =>
        values.Select(v => KeyValuePair.Create(Prefix + v.Key, v.Value));

    /// <summary>A value of the latent, given again or left to it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="given">What the user typed, or null.</param>
    /// <exception cref="InputException">It is given, and differs.</exception>
    internal string? Value(string name, string? given)
    {
        string? made = Values.GetValueOrDefault(name);
        return given is null || made is null || Meanings[name](given).Equals(Meanings[name](made))
            ? made ?? given
            : throw new InputException(name, given, $"{made}, with which the latent {File} was made", "Leave it out, or invert anew.");
    }

    private static object Number(string text) =>
        double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture) is var number && double.IsFinite(number)
            ? number
            : throw new FormatException();

    private static object Whole(string text, int most) =>
        int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) is var number && number >= 1 && number <= most
            ? number
            : throw new FormatException();
}
