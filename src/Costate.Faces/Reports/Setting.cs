using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Costate.Faces.Reports;

/// <summary>The value of a setting: text, or a number or a truth value, which stands in JSON as what it is.</summary>
[JsonConverter(typeof(Converter))]
internal sealed class Setting
{
    private readonly bool isLiteral;

    private Setting(string text, bool isLiteral) => (Text, this.isLiteral) = (text, isLiteral);

    /// <summary>As text: a number so that it is read back to the last bit.</summary>
    internal string Text { get; }

    /// <summary>Text; null stays null.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator Setting?(string? text) => text is null ? null : new Setting(text, isLiteral: false);

    public static implicit operator Setting?(int? value) => Number(value);

    public static implicit operator Setting?(ulong? value) => Number(value);

    // JSON has no infinity.
    public static implicit operator Setting?(double? value) =>
        value is double v && !double.IsFinite(v) ? (Setting?)v.ToString("R", CultureInfo.InvariantCulture) : Number(value);

    public static implicit operator Setting(bool value) => new(value ? "true" : "false", isLiteral: true);

    /// <summary>Settings by name, without those that are null.</summary>
    internal static SortedDictionary<string, Setting> Named(IEnumerable<(string Name, Setting? Value)> settings) =>
        new(settings.Where(s => s.Value is not null).ToDictionary(s => s.Name, s => s.Value!), StringComparer.Ordinal);

    /// <summary>What differs between two sets of settings, for a message; empty if nothing does.</summary>
    /// <param name="theirs">Those that were there before.</param>
    /// <param name="ours">The others.</param>
    /// <param name="there">What to call the first.</param>
    /// <param name="now">What to call the others.</param>
    internal static string Differences(
        IReadOnlyDictionary<string, Setting> theirs,
        IReadOnlyDictionary<string, Setting> ours,
        string there = "there",
        string now = "now") =>
        string.Join(
        ", ",
        theirs.Keys.Union(ours.Keys).Order(StringComparer.Ordinal)
            .Select(key => (Key: key, There: theirs.GetValueOrDefault(key)?.Text, Now: ours.GetValueOrDefault(key)?.Text))
            .Where(s => s.There != s.Now)
            .Select(s => $"{s.Key} ({there} {s.There ?? "none"}, {now} {s.Now ?? "none"})"));

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static Setting? Number(IFormattable? value) =>
        value is null ? null : new Setting(value.ToString(value is double ? "R" : null, CultureInfo.InvariantCulture), isLiteral: true);

    private sealed class Converter : JsonConverter<Setting>
    {
        public override Setting? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType switch
            {
                JsonTokenType.String => reader.GetString(),
                JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => new Setting(
                    Encoding.UTF8.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan),
                    isLiteral: true),
                _ => throw new JsonException($"A setting is {reader.TokenType}; expected text, a number, true or false."),
            };

        public override void Write(Utf8JsonWriter writer, Setting value, JsonSerializerOptions options)
        {
            if (value.isLiteral)
            {
                writer.WriteRawValue(value.Text);
            }
            else
            {
                writer.WriteStringValue(value.Text);
            }
        }
    }
}
