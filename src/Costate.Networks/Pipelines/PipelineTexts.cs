using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// Makes conditions of texts: the states of one text encoder, or those of two beside each other and the pooled text of the second, as
/// SDXL takes them.
/// </summary>
/// <param name="encoders">One, or two.</param>
/// <param name="zerosForNone">Whether no text is zeros rather than the empty text (<c>force_zeros_for_empty_prompt</c>).</param>
/// <param name="dtype">The least dtype of what it makes.</param>
internal sealed class PipelineTexts(
    IReadOnlyList<(ClipTokenizer Tokenizer, ClipTextModel Model)> encoders, bool zerosForNone, ScalarType dtype) : IPipelineTexts
{
    internal const string Text = "text";
    internal const string Pooled = "pooled";
    internal const string Ids = "time_ids";

    private bool IsDouble => encoders.Count > 1;

    /// <summary>The condition of texts, one for each item.</summary>
    public Costate.Condition Of(IReadOnlyList<string> prompts, int clipSkip, bool truncate, PictureSizes? sizes)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
        {
            throw new InputException(nameof(prompts), "no texts", "one for each item of the batch", "The empty text stands for none.");
        }

        // SDXL takes the last but one in any case.
        int layers = encoders.Min(encoder => encoder.Model.Config.NumHiddenLayers) - (IsDouble ? 1 : 0);
        if (clipSkip < 0 || clipSkip >= layers)
        {
            throw new InputException(
                nameof(clipSkip), $"{clipSkip}", $"0 to {layers - 1} for a text encoder of {layers + (IsDouble ? 1 : 0)} layers");
        }

        if (sizes is not null && !IsDouble)
        {
            throw new InputException(nameof(sizes), $"{sizes}", "left out", "The network is not told the sizes of a picture.");
        }

        using DisposeScope scope = NewDisposeScope();
        ClipTextOutput[] outputs = [.. encoders.Select(encoder => Output(encoder, prompts, truncate))];
        if (!IsDouble)
        {
            return Kept(Text, clipSkip == 0 ? outputs[0].LastHiddenState
                : encoders[0].Model.NormalizeLast(outputs[0].HiddenStates[^(clipSkip + 1)]));
        }

        Costate.Condition both = Kept(Text, cat([.. outputs.Select(output => output.HiddenStates[^(clipSkip + 2)])], 2))
            .With(Pooled, Wide(outputs[1].TextEmbeds!));
        return sizes is null ? both : WithSizes(both, sizes, prompts.Count);
    }

    /// <summary>What of a text is cut off, and how many tokens there is room for.</summary>
    public (string Lost, int Length) CutOff(string prompt) =>
        (encoders[0].Tokenizer.Tokenize(prompt, truncate: true).CutOff, encoders[0].Tokenizer.Length);

    /// <summary>The condition of a negative text, [1, ...]; null for none.</summary>
    public Costate.Condition Negative(string? negative, bool truncate)
    {
        Costate.Condition read = Of([negative ?? ""], clipSkip: 0, truncate, sizes: null);
        return negative is null && zerosForNone ? read.WithValues([.. read.Names.Select(name => read[name].zero_())]) : read;
    }

    private static Costate.Condition WithSizes(Costate.Condition texts, PictureSizes sizes, int batch)
    {
        sizes.Check();

        // Whole numbers: 16 bits would round them.
        Tensor ids = tensor(sizes.Ids, device: texts[Text].device).unsqueeze(0).repeat(batch, 1);
        return texts.With(Ids, ids.MoveToOuterDisposeScope());
    }

    private static ClipTextOutput Output(
        (ClipTokenizer Tokenizer, ClipTextModel Model) encoder, IReadOnlyList<string> prompts, bool truncate)
    {
        long[] ids = [.. prompts.SelectMany(prompt => encoder.Tokenizer.Tokenize(prompt, truncate).Ids).Select(id => (long)id)];
        Device device = encoder.Model.parameters().First().device;
        return encoder.Model.call(tensor(ids, [prompts.Count, encoder.Tokenizer.Length], device: device));
    }

    private Costate.Condition Kept(string name, Tensor states) => Costate.Condition.Of((name, Wide(states)));

    private Tensor Wide(Tensor states) => states.to(Precision.AtLeastSingle(dtype)).MoveToOuterDisposeScope();
}
