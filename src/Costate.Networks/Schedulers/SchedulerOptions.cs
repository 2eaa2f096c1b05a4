using System.Globalization;
using System.Text.Json;

namespace Costate.Networks;

/// <summary>The options of one configuration, typed and checked as a scheduler asks for them; it remembers which it knows.</summary>
internal sealed class SchedulerOptions
{
    private readonly Dictionary<string, JsonElement> values;
    private readonly SortedSet<string> known = new(StringComparer.Ordinal);

    /// <summary>The options of a file.</summary>
    /// <param name="source">What the messages call the file.</param>
    /// <param name="values">What it holds.</param>
    /// <param name="ignoreClipping">Whether clipping and thresholding may be left out.</param>
    internal SchedulerOptions(string source, Dictionary<string, JsonElement> values, bool ignoreClipping)
    {
        Source = source;
        this.values = values;
        IgnoreClipping = ignoreClipping;
        ClassName = values.TryGetValue("_class_name", out JsonElement name) && name.ValueKind == JsonValueKind.String
            ? name.GetString()!
                : throw Error(
                    "it has no string \"_class_name\", which names the scheduler; expected one of "
                        + $"{string.Join(", ", SchedulerNames.Classes)}.");
    }

    /// <summary>What the messages call the file.</summary>
    internal string Source { get; }

    /// <summary>The scheduler's class in diffusers.</summary>
    internal string ClassName { get; }

    /// <summary>Whether clipping and thresholding may be left out.</summary>
    internal bool IgnoreClipping { get; }

    internal int Integer(string name, int defaultValue, int min, int max)
    {
        if (!Given(name, out JsonElement value))
        {
            return defaultValue;
        }

        bool whole = value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _);
        int number = whole ? value.GetInt32() : 0;
        return whole && number >= min && number <= max
            ? number
            : throw Wrong(name, value, string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"));
    }

    internal double Number(string name, double defaultValue) =>
        NumberOrNull(name) ?? (Given(name, out JsonElement value) ? throw Wrong(name, value, "a number") : defaultValue);

    /// <summary>A finite number, or null where it is null or not given.</summary>
    internal double? NumberOrNull(string name)
    {
        if (!Given(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw Wrong(name, value, "a finite number");
    }

    /// <summary>A number that may be minus infinity, as Python writes it.</summary>
    internal double NumberOrMinusInfinity(string name)
    {
        bool infinite =
            !Given(name, out JsonElement value) || (value.ValueKind == JsonValueKind.String && value.GetString() == "-Infinity");
        return infinite ? double.NegativeInfinity : Number(name, double.NegativeInfinity);
    }

    /// <summary>A truth value; null counts as false, as it does in Python.</summary>
    internal bool Flag(string name, bool defaultValue) => Given(name, out JsonElement value)
        ? value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False or JsonValueKind.Null => false,
            _ => throw Wrong(name, value, "true or false"),
        }
        : defaultValue;

    /// <summary>One of some strings; the first is the default.</summary>
    internal string Choice(string name, params string[] allowed)
    {
        if (!Given(name, out JsonElement value))
        {
            return allowed[0];
        }

        return value.ValueKind == JsonValueKind.String && allowed.Contains(value.GetString(), StringComparer.Ordinal)
            ? value.GetString()!
            : throw Wrong(name, value, $"one of {string.Join(", ", allowed.Select(a => $"\"{a}\""))}");
    }

    /// <summary>Finite numbers, or null where they are null or not given.</summary>
    internal double[]? Numbers(string name)
    {
        if (!Given(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(name, value, "an array of numbers");
        }

        return
        [
            .. value
                .EnumerateArray()
                .Select(element =>
                    element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw Wrong($"{name}", element, "an array of finite numbers", "holds"))];
    }

    /// <summary>Whether the option is given and neither null nor false.</summary>
    internal bool IsSet(string name) =>
        Given(name, out JsonElement value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False);

    /// <summary>Options that matter only to others, such as the bounds of a clipping that is off.</summary>
    internal void Without(params string[] names) => known.UnionWith(names);

    /// <summary>Refuses an option that clips predictions, unless the caller leaves clipping out.</summary>
    internal void RefuseClipping(string name, bool defaultValue)
    {
        if (Flag(name, defaultValue) && !IgnoreClipping)
        {
            string unsaid = values.ContainsKey(name) ? "" : " (the default of diffusers, as the file does not say)";
            throw Error($"{name} is true{unsaid}. Clipping the predicted data is not linear, so no table of coefficients can do it. Set "
                + $"\"{name}\": false in the file, or pass ignoreClipping: true, to sample without it or with a network that "
                + $"{nameof(ScheduledSampling)}.{nameof(ScheduledSampling.Clipped)} clips.");
        }
    }

    /// <summary>The options of the file that nothing has asked for, sorted. Names that begin with an underscore are notes.</summary>
    internal string[] Unread() =>
        [.. values.Keys.Where(name => !known.Contains(name) && !name.StartsWith('_')).Order(StringComparer.Ordinal)];

    /// <summary>
    /// The options that decide where the steps lie, as the file has them: <c>num_train_timesteps 1000 (the default), shift 3.0</c>.
    /// </summary>
    internal string Placement() => string.Join(", ", SchedulerNames.Placing
        .Where(name => known.Contains(name) && (IsSet(name) || name == SchedulerNames.TrainingSteps))
                .Select(name =>
                    values.TryGetValue(name, out JsonElement value)
                        ? $"{name} {ErrorText.Shorten(value.GetRawText())}"
                        : $"{name} 1000 (the default)"));

    internal SchedulerConfigurationException Error(string what, Exception? cause = null) => new($"Cannot use {Source}: {what}", cause);

    private bool Given(string name, out JsonElement value)
    {
        known.Add(name);
        return values.TryGetValue(name, out value);
    }

    private SchedulerConfigurationException Wrong(string name, JsonElement value, string expected, string verb = "is") =>
        Error($"{name} {verb} {SchedulerJson.Kind(value)}; expected {expected}.");
}
