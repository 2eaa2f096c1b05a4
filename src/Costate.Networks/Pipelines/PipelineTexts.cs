using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// Makes conditions of texts: the states of one text encoder, or of two beside each other, and the pooled text of the last, as SDXL takes
/// them; for its refiner how beautiful the picture shall be.
/// </summary>
/// <param name="encoders">One, or two.</param>
/// <param name="parts">What the pipeline is made of.</param>
/// <param name="dtype">The least dtype of what it makes.</param>
internal sealed class PipelineTexts(
    IReadOnlyList<(ClipTokenizer Tokenizer, ClipTextModel Model)> encoders, PipelineParts parts, ScalarType dtype) : IPipelineTexts
{
    internal const string Text = "text";
    internal const string Pooled = "pooled";
    internal const string Ids = "time_ids";
    internal const string Score = "score";

    // Of the pictures that SDXL's refiner learnt from, from 1 to 10, as diffusers asks for them.
    private const double UsualScore = 6;
    private const double ScoreOfNegative = 2.5;

    private bool Pools => parts.UnetConfig.HasAddedConditions;

    /// <summary>The condition of texts, one for each item.</summary>
    public Costate.Condition Of(IReadOnlyList<string> prompts, int clipSkip, bool truncate, PictureSizes? sizes) =>
        Of(prompts, clipSkip, truncate, sizes, sizes?.AestheticScore ?? UsualScore, isNone: false);

    /// <summary>The condition of a negative text, [1, ...]; null for none.</summary>
    public Costate.Condition Negative(string? negative, bool truncate) =>
        Of([negative ?? ""], clipSkip: 0, truncate, sizes: null, ScoreOfNegative, isNone: negative is null);

    /// <summary>What of a text is cut off, and how many tokens there is room for.</summary>
    public (string Lost, int Length) CutOff(string prompt) =>
        (encoders[0].Tokenizer.Tokenize(prompt, truncate: true).CutOff, encoders[0].Tokenizer.Length);

    private Costate.Condition Of(
        IReadOnlyList<string> prompts, int clipSkip, bool truncate, PictureSizes? sizes, double score, bool isNone)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
        {
            throw new InputException(nameof(prompts), "no texts", "one for each item of the batch", "The empty text stands for none.");
        }

        // SDXL takes the last but one in any case.
        int layers = encoders.Min(encoder => encoder.Model.Config.NumHiddenLayers) - (Pools ? 1 : 0);
        if (clipSkip < 0 || clipSkip >= layers)
        {
            throw new InputException(
                nameof(clipSkip), $"{clipSkip}", $"0 to {layers - 1} for a text encoder of {layers + (Pools ? 1 : 0)} layers");
        }

        if (sizes is not null && !Pools)
        {
            throw new InputException(nameof(sizes), $"{sizes}", "left out", "The network is not told the sizes of a picture.");
        }

        sizes?.Check(parts.IsToldScore);
        using DisposeScope scope = NewDisposeScope();
        ClipTextOutput[] outputs = [.. encoders.Select(encoder => Output(encoder, prompts, truncate))];
        if (!Pools)
        {
            return Kept(Text, clipSkip == 0 ? outputs[0].LastHiddenState
                : encoders[0].Model.NormalizeLast(outputs[0].HiddenStates[^(clipSkip + 1)]));
        }

        Costate.Condition told = Kept(Text, Trained(cat([.. outputs.Select(output => output.HiddenStates[^(clipSkip + 2)])], 2)))
            .With(Pooled, Wide(Trained(outputs[^1].TextEmbeds!)));
        told = sizes is null ? told : WithSizes(told, sizes, prompts.Count);
        return parts.IsToldScore ? told.With(Score, Wide(full([prompts.Count, 1], score, device: told[Text].device))) : told;

        // What stood in place of a missing text.
        Tensor Trained(Tensor states) => isNone && parts.ZerosForNoText ? zeros_like(states) : states;
    }

    private static Costate.Condition WithSizes(Costate.Condition texts, PictureSizes sizes, int batch)
    {
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
