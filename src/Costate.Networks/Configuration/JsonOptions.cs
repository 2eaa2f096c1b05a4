using System.Text.Json;

namespace Costate.Networks;

/// <summary>The options of a network's <c>config.json</c>, which is untrusted: every value is checked as it is read.</summary>
/// <remarks>An option that the network does not know is refused by <see cref="RefuseUnread"/>, unless it is off (null or false).</remarks>
internal sealed class JsonOptions
{
    // Far above any real configuration; keeps a hostile file from costing more than its parsing.
    private const long MaxFileBytes = 1 << 20;

    private readonly string path;
    private readonly Dictionary<string, JsonElement> options;
    private readonly HashSet<string> read = new(StringComparer.Ordinal);

    private JsonOptions(string path, Dictionary<string, JsonElement> options)
    {
        this.path = path;
        this.options = options;
    }

    internal static JsonOptions Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException($"There is no configuration '{path}'; expected a network's config.json.", path);
        }

        if (file.Length > MaxFileBytes)
        {
            throw new InvalidDataException($"'{path}' has {file.Length} bytes; expected a configuration of at most {MaxFileBytes}.");
        }

        return Parse(path, File.ReadAllBytes(path));
    }

    /// <summary>Options in memory.</summary>
    /// <param name="source">Where they come from, for messages.</param>
    /// <param name="json">A JSON object in UTF-8.</param>
    internal static JsonOptions Parse(string source, ReadOnlySpan<byte> json)
    {
        try
        {
            return new JsonOptions(source, Members(json));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{source}' is not a JSON object of options: {e.Message}", e);
        }
    }

    // Without reflection, which programs of a single file and those compiled ahead of time go without.
    private static Dictionary<string, JsonElement> Members(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        while (reader.Read())
        {
            // Throws at anything that follows.
        }

        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException(
                $"it is {(document.RootElement.ValueKind == JsonValueKind.Null ? "null" : $"of the kind {document.RootElement.ValueKind}")}"
            );
        }

        Dictionary<string, JsonElement> members = [];
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            members[member.Name] = member.Value.Clone();
        }

        return members;
    }

    internal bool Flag(string name, bool otherwise) =>
        Find(name) is not { } value ? otherwise
        : ToFlag(name, value);

    /// <summary>The flag; null where the file says null or nothing.</summary>
    internal bool? OptionalFlag(string name) => Find(name) is { } value ? ToFlag(name, value) : null;

    /// <summary>The number; null where the file says null or nothing.</summary>
    internal double? OptionalNumber(string name) => Find(name) is { } value ? ToNumber(name, value) : null;

    internal int Integer(string name, int otherwise) => OptionalInteger(name) ?? otherwise;

    /// <summary>The whole number; null where the file says null, <paramref name="absent"/> where it says nothing.</summary>
    internal int? OptionalInteger(string name, int? absent = null) =>
        Find(name) is { } value ? ToInteger(name, value) : options.ContainsKey(name) ? null : absent;

    internal double Number(string name, double otherwise) =>
        Find(name) is not { } value ? otherwise
        : ToNumber(name, value);

    internal string Text(string name, string otherwise) => OptionalText(name, null) ?? otherwise;

    /// <summary>The text; null where the file says null, <paramref name="absent"/> where it says nothing.</summary>
    internal string? OptionalText(string name, string? absent) =>
        Find(name) is { } value ? ToText(name, value) : options.ContainsKey(name) ? null : absent;

    /// <summary>The text; null where the file has something else, or nothing.</summary>
    internal string? TextOrNull(string name) => Find(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>The number as it is written; null where the file has something else, or nothing.</summary>
    internal string? NumberTextOrNull(string name) => Find(name) is { ValueKind: JsonValueKind.Number } value ? value.GetRawText() : null;

    internal IReadOnlyList<int> Integers(string name, IReadOnlyList<int> otherwise) => OptionalIntegers(name) ?? otherwise;

    internal IReadOnlyList<int>? OptionalIntegers(string name) => List(name, "a list of whole numbers", ToInteger);

    internal IReadOnlyList<string> Texts(string name, IReadOnlyList<string> otherwise) =>
        List(name, "a list of texts", ToText) ?? otherwise;

    /// <summary>Texts by names; none where the file has none.</summary>
    internal IReadOnlyDictionary<string, string> TextsByName(string name) => Find(name) is not { } value ? new Dictionary<string, string>()
        : value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject().ToDictionary(entry => entry.Name, entry => ToText($"{name}.{entry.Name}", entry.Value))
        : throw Bad(name, value, "texts by names");

    /// <summary>One whole number or a list of them.</summary>
    internal IReadOnlyList<int>? IntegerOrIntegers(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Number } value ? [ToInteger(name, value)] : OptionalIntegers(name);

    /// <summary>One flag or a list of them.</summary>
    internal IReadOnlyList<bool>? FlagOrFlags(string name) =>
        Find(name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value
            ? [ToFlag(name, value)]
            : List(name, "a list of true or false", ToFlag);

    /// <summary>Numbers, or null.</summary>
    internal IReadOnlyList<double>? OptionalNumbers(string name) => List(name, "a list of numbers", ToNumber);

    /// <summary>A height and a width, which may be one number; null where the file says neither.</summary>
    internal (int Height, int Width)? Size(string name) => IntegerOrIntegers(name) switch
    {
        null => null,
        [int both] => (both, both),
        [int height, int width] => (height, width),
        { Count: int count } => throw new InvalidDataException(
            $"'{path}' sets {ErrorText.Quote(name)} to {count} numbers; expected one, or height and width."),
    };

    /// <summary>The class of a pipeline's part, which is [library, class]; null where it has none.</summary>
    internal string? ComponentClass(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Array && value.EnumerateArray().ToArray() is
            [_, { ValueKind: JsonValueKind.String or JsonValueKind.Null } of] ? of.GetString()
        : throw Bad(name, value, "[library, class]");

    /// <summary>Refuses the configuration of another network.</summary>
    /// <param name="className">Its class.</param>
    /// <param name="oldName">What older files call it.</param>
    internal void RequireClass(string className, string? oldName = null)
    {
        if (Text("_class_name", className) is var name && name != className && name != oldName)
        {
            throw new InvalidDataException($"'{path}' is of the network {ErrorText.Quote(name)}; expected {className}.");
        }
    }

    /// <summary>Refuses an option that is a number other than the one that is built.</summary>
    internal void RequireNumber(string name, double supported)
    {
        if (Find(name) is { } value && ToNumber(name, value) != supported)
        {
            throw Unsupported(name, Shown(value), FormattableString.Invariant($"{supported}"));
        }
    }

    /// <summary>Refuses options that are on: neither null nor false.</summary>
    internal void RequireOff(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Find(name) is { ValueKind: not JsonValueKind.False } value)
            {
                throw Unsupported(name, Shown(value), "null or false");
            }
        }
    }

    /// <summary>Passes over what diffusers notes of the average of the weights that it saves.</summary>
    internal void IgnoreNotesOfAverages() =>
        Ignore("decay", "min_decay", "optimization_step", "update_after_step", "use_ema_warmup", "inv_gamma", "power");

    /// <summary>Options that nothing has asked for and that are not off. Names that begin with an underscore are notes.</summary>
    internal IReadOnlyList<string> Unread() => [.. options.Where(IsUnread).Select(option => option.Key).Order(StringComparer.Ordinal)];

    /// <summary>Passes over options that describe the file or how a network is trained, not what it computes.</summary>
    internal void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            read.Add(name);
        }
    }

    /// <summary>Refuses an option whose value asks for what is not built.</summary>
    internal void Require(string name, string supported)
    {
        if (Find(name) is { } value && !string.Equals(Shown(value), supported, StringComparison.Ordinal))
        {
            throw Unsupported(name, Shown(value), supported);
        }
    }

    /// <summary>
    /// Refuses the first option that nothing has asked for and that is not off. Names that begin with an underscore are notes.
    /// </summary>
    internal void RefuseUnread()
    {
        foreach ((string name, JsonElement value) in options)
        {
            if (IsUnread(KeyValuePair.Create(name, value)))
            {
                throw new NotSupportedException(
                    $"'{path}' sets {ErrorText.Quote(name)} to {Shown(value)}, an option that is not supported. "
                        + "Remove it if the network does not depend on it.");
            }
        }
    }

    private bool IsUnread(KeyValuePair<string, JsonElement> option) =>
        option.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False)
        && !option.Key.StartsWith('_')
        && !read.Contains(option.Key);

    private NotSupportedException Unsupported(string name, string got, string supported) =>
        new($"'{path}' sets {ErrorText.Quote(name)} to {got}, which is not supported; expected {supported}.");

    private JsonElement? Find(string name)
    {
        read.Add(name);
        return options.TryGetValue(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private T[]? List<T>(string name, string expected, Func<string, JsonElement, T> item) =>
        Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(element => item(name, element))]
        : throw Bad(name, value, expected);

    private bool ToFlag(string name, JsonElement value) =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Bad(name, value, "true or false");

    private double ToNumber(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw Bad(name, value, "a number");

    private int ToInteger(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw Bad(name, value, "a whole number");

    private string ToText(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Bad(name, value, "a text");

    private InvalidDataException Bad(string name, JsonElement value, string expected) =>
        new($"'{path}' sets {ErrorText.Quote(name)} to {Shown(value)}; expected {expected}.");

    private static string Shown(JsonElement value) => ErrorText.Shorten(value.GetRawText());
}
