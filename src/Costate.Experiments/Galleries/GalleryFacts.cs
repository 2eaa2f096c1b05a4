using System.Text.Json;

namespace Costate.Experiments.Galleries;

/// <summary>What a JSON file says, flat: single values by name, and rows of numbers as curves.</summary>
internal sealed class GalleryFacts
{
    // Enough of a file of results to look at it; the file itself has the rest.
    private const int MaxFacts = 200;
    private const int MaxCurves = 8;
    private const int MaxPoints = 200;
    private const int MaxText = 300;
    private const int MaxName = 120;
    private const int MaxDepth = 6;

    // As JSON has it, with what is around it.
    private const int BytesOfNumber = 32;

    // Whole numbers beyond are not what a browser reads them as.
    private const double ExactIntegers = 1L << 53;

    private readonly List<(string Name, object Value)> facts = [];
    private readonly List<(string Name, IReadOnlyList<double> Values)> curves = [];

    private GalleryFacts(JsonElement root)
    {
        IsReport = root.ValueKind == JsonValueKind.Object
            && (root.TryGetProperty("command", out JsonElement what) || root.TryGetProperty("study", out what))
            && what.ValueKind == JsonValueKind.String;
        Add("", root, MaxDepth);
    }

    /// <summary>Whether the file says itself what made it, as reports of costate do.</summary>
    internal bool IsReport { get; }

    /// <summary>Texts, finite numbers and truth values.</summary>
    internal IReadOnlyList<(string Name, object Value)> Values => facts;

    /// <summary>Of losses and the like, with points left out evenly where there are many.</summary>
    internal IReadOnlyList<(string Name, IReadOnlyList<double> Values)> Curves => curves;

    /// <summary>How many bytes they take on a page, at most.</summary>
    internal int Size => facts.Sum(f => SizeOf(f.Name) + SizeOf(f.Value as string ?? "") + BytesOfNumber)
        + curves.Sum(c => SizeOf(c.Name) + (BytesOfNumber * c.Values.Count));

    /// <summary>How many bytes a text takes in JSON that stands on a page.</summary>
    internal static int SizeOf(string text) => JsonEncodedText.Encode(text).EncodedUtf8Bytes.Length + 3;

    /// <summary>Reads a file.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    internal static GalleryFacts Of(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        return new GalleryFacts(document.RootElement);
    }

    private void Add(string name, JsonElement value, int depth)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when depth > 0:
                foreach (JsonProperty property in value.EnumerateObject())
                {
                    Add(Joined(name, property.Name), property.Value, depth - 1);
                }

                break;
            case JsonValueKind.Array when depth > 0:
                AddArray(name, value, depth - 1);
                break;
            case JsonValueKind.String:
                AddFact(name, Cut(value.GetString()!, MaxText));
                break;
            case JsonValueKind.Number:
                AddFact(name, Number(value) is double number ? number : Cut(value.GetRawText(), MaxText));
                break;
            case JsonValueKind.True or JsonValueKind.False:
                AddFact(name, value.GetBoolean());
                break;
        }
    }

    private void AddArray(string name, JsonElement array, int depth)
    {
        JsonElement[] elements = [.. array.EnumerateArray()];
        double[] numbers = [.. elements.Select(Number).OfType<double>()];
        if (numbers.Length > 1 && elements.All(e => e.ValueKind is JsonValueKind.Number or JsonValueKind.Null))
        {
            AddFact($"{name} (lowest)", numbers.Min());
            if (curves.Count < MaxCurves)
            {
                int stride = (numbers.Length + MaxPoints - 1) / MaxPoints;
                curves.Add((Cut(name, MaxName), [.. numbers.Where((_, i) => (numbers.Length - 1 - i) % stride == 0)]));
            }
        }
        else if (elements.Length > 0 && elements.All(e => e.ValueKind == JsonValueKind.String))
        {
            AddFact(name, Cut(string.Join(", ", elements.Take(MaxText).Select(e => e.GetString())), MaxText));
        }
        else
        {
            foreach ((int i, JsonElement element) in elements.Index().TakeWhile(_ => facts.Count < MaxFacts))
            {
                Add(Joined(name, Label(element) ?? $"{i}"), element, depth);
            }
        }
    }

    // What has a name is called by it.
    private static string? Label(JsonElement element) => element.ValueKind != JsonValueKind.Object
        ? null
        : element.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.String).Select(p => p.Value.GetString()).FirstOrDefault();

    private static double? Number(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value) && Math.Abs(value) <= ExactIntegers
            ? value
            : null;

    private void AddFact(string name, object value)
    {
        if (facts.Count < MaxFacts)
        {
            facts.Add((Cut(name, MaxName), value));
        }
    }

    private static string Joined(string name, string more) => name.Length == 0 ? more : Cut($"{name}.{more}", MaxName);

    private static string Cut(string text, int longest) => text.Length <= longest ? text : text[..(longest - 1)] + '…';
}
