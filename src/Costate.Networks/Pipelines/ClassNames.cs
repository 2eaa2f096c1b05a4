using System.Globalization;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Makes conditions of classes by their names or numbers, for DiT.</summary>
internal sealed class ClassNames(DiTFamily family, nn.Module network) : IPipelineTexts
{
    internal const string Class = "class";

    public Costate.Condition Of(IReadOnlyList<string> prompts, int clipSkip, bool truncate, PictureSizes? sizes)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
        {
            throw new InputException(nameof(prompts), "no classes", "one for each item of the batch");
        }

        if (clipSkip != 0)
        {
            throw new InputException(nameof(clipSkip), $"{clipSkip}", "0: the network is told a class, and no text is read");
        }

        return sizes is null ? Bundle([.. prompts.Select(Number)])
            : throw new InputException(nameof(sizes), $"{sizes}", "left out", "The network is not told the sizes of a picture.");
    }

    public Costate.Condition Negative(string? negative, bool truncate) =>
        Bundle([string.IsNullOrEmpty(negative) ? family.Classes : Number(negative)]);

    public (string Lost, int Length) CutOff(string prompt) => ("", 0);

    private Costate.Condition Bundle(long[] classes) =>
        Costate.Condition.Of((Class, tensor(classes, device: network.parameters().First().device)));

    private long Number(string prompt)
    {
        string name = prompt.Trim();
        string? named = family.Labels.FirstOrDefault(
            label => label.Value.Split(',').Any(word => word.Trim().Equals(name, StringComparison.OrdinalIgnoreCase))).Key;
        return long.TryParse(named ?? name, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= family.Classes
            ? number
            : throw new InputException(
                nameof(prompt),
                ErrorText.Quote(prompt),
                $"the number of a class, 0 to {family.Classes - 1}, {family.Classes} for none, or the name of one of {family.Labels.Count}",
                Nearest(name));
    }

    private string Nearest(string name)
    {
        string[] near = NearNames.Find(
            name, [.. family.Labels.Values.SelectMany(value => value.Split(',')).Select(word => word.Trim())]);
        return near.Length == 0 ? "" : $"The nearest: {string.Join(", ", near.Select(ErrorText.Quote))}.";
    }
}
