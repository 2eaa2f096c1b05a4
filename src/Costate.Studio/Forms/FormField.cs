using System.Globalization;
using System.Text;
using Costate.Studio.Uploads;

namespace Costate.Studio.Forms;

/// <summary>A field of a form, and the option of the tool that it stands for.</summary>
/// <param name="Name">That of the option, or of the argument, without dashes.</param>
/// <param name="Label">For people.</param>
/// <param name="Kind">What it takes.</param>
internal sealed record FormField(string Name, string Label, FieldKind Kind)
{
    private const int LongestText = 2000;

    /// <summary>What it begins with; an empty text leaves the option out.</summary>
    public string Default { get; init; } = "";

    /// <summary>What it is about, in a sentence.</summary>
    public string Help { get; init; } = "";

    /// <summary>The names to choose from.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>The least number.</summary>
    public double? Least { get; init; }

    /// <summary>The largest number.</summary>
    public double? Most { get; init; }

    /// <summary>The field, and the values of it, that this one belongs to; to all if null.</summary>
    public FieldCondition? When { get; init; }

    /// <summary>Whether the tool takes it as an argument rather than an option.</summary>
    public bool IsArgument { get; init; }

    /// <summary>Whether it tells the page alone which other fields there are.</summary>
    public bool IsOfPage { get; init; }

    /// <summary>The option where it is called otherwise than the field.</summary>
    public string? Option { get; init; }

    /// <summary>The value that the tool is not told, since it is what it does anyway.</summary>
    public string? Unsaid { get; init; }

    /// <summary>Whether it has to be filled in.</summary>
    public bool IsRequired { get; init; }

    /// <summary>The value as the tool takes it; null where it is left out.</summary>
    /// <param name="value">As it was filled in.</param>
    /// <param name="uploads">Where files are.</param>
    /// <exception cref="InputException">It is not what the field takes.</exception>
    internal string? Read(string? value, UploadStore uploads)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            return IsRequired ? throw Wrong("nothing", Expected()) : null;
        }

        return Kind switch
        {
            FieldKind.Picture or FieldKind.Mask => Upload(UploadKind.Picture),
            FieldKind.Program => Upload(UploadKind.Program),
            FieldKind.Choice or FieldKind.Flag => Choices.Contains(value) ? value : throw Wrong(Short(value), Expected()),
            FieldKind.Number or FieldKind.Whole => Number(value),
            _ => value.Length <= LongestText && value.EnumerateRunes().All(rune => rune != Rune.ReplacementChar && rune.Value != 0)
                ? value.ReplaceLineEndings(" ")
                : throw Wrong($"{value.Length} characters", Expected()),
        };

        string Upload(UploadKind kind) => uploads.Has(value, kind) ? uploads.PathOf(value) : throw Wrong("no upload", Expected());
    }

    private string Number(string value)
    {
        NumberStyles style = Kind == FieldKind.Whole ? NumberStyles.None : NumberStyles.Float;
        bool fits = double.TryParse(value, style, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number) && number >= (Least ?? double.MinValue) && number <= (Most ?? double.MaxValue);
        return fits ? value.Trim() : throw Wrong(Short(value), Expected());
    }

    private string Expected() => Kind switch
    {
        FieldKind.Picture => "a picture",
        FieldKind.Mask => "a mask",
        FieldKind.Program => "a TorchScript file",
        FieldKind.Choice or FieldKind.Flag => $"one of {string.Join(", ", Choices)}",
        FieldKind.Number => FormattableString.Invariant($"a number from {Least ?? double.MinValue} to {Most ?? double.MaxValue}"),
        FieldKind.Whole => FormattableString.Invariant($"a whole number from {Least ?? 0} to {Most ?? int.MaxValue}"),
        _ => $"at most {LongestText} characters",
    };

    private InputException Wrong(string got, string expected) => new(Name, got, expected);

    private static string Short(string value) => value.Length > 40 ? value[..40] + "..." : value;
}
