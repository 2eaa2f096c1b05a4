using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// Makes conditions of texts for SD3 and Flux. SD3 takes the states of two encoders of CLIP beside each other, T5's after them, and both
/// pooled texts; Flux T5's states and the pooled text of one.
/// </summary>
/// <remarks>A text longer than CLIP's room is cut for it where T5 sees the whole, as published.</remarks>
internal sealed class JointTexts(
    TransformerFamily family, TransformerNetworks networks, int longTokens, int width, ScalarType dtype) : IPipelineTexts
{
    internal const string Projecting = "CLIPTextModelWithProjection";

    private bool PoolsAlone => family.Clips.Count == 1;

    public Costate.Condition Of(IReadOnlyList<string> prompts, int clipSkip, bool truncate, PictureSizes? sizes)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
        {
            throw new InputException(nameof(prompts), "no texts", "one for each item of the batch", "The empty text stands for none.");
        }

        // The last but one is taken in any case.
        int layers = PoolsAlone ? 1 : family.Clips.Min(clip => clip.Config.NumHiddenLayers) - 1;
        if (clipSkip < 0 || clipSkip >= layers)
        {
            throw new InputException(
                nameof(clipSkip), $"{clipSkip}", PoolsAlone ? "0: of CLIP the pooled text alone is taken" : $"0 to {layers - 1}");
        }

        if (sizes is not null)
        {
            throw new InputException(nameof(sizes), $"{sizes}", "left out", "The network is not told the sizes of a picture.");
        }

        using DisposeScope scope = NewDisposeScope();
        ClipTextOutput[] clips = [.. family.Clips.Zip(networks.Clips, (clip, model) => Output(clip.Tokenizer, model, prompts, truncate))];
        Tensor? words = family.Long is { } t5 ? Output(t5.Tokenizer, networks.Long!, prompts, truncate) : null;
        if (PoolsAlone)
        {
            return Bundle(words!, clips[0].Pooled);
        }

        Tensor both = cat([.. clips.Select(clip => clip.HiddenStates[^(clipSkip + 2)])], 2);
        Tensor padded = nn.functional.pad(both, [0, width - both.shape[2]]);
        return Bundle(
            cat([padded, words ?? zeros_like(padded)], 1), cat([.. clips.Select(clip => clip.TextEmbeds!)], 1));
    }

    public Costate.Condition Negative(string? negative, bool truncate) => family.Guidance == GuidanceKind.ClassifierFree
        ? Of([negative ?? ""], clipSkip: 0, truncate, sizes: null)
        : throw NoNegative(negative);

    public (string Lost, int Length) CutOff(string prompt) => family.Long is { } t5
        ? (t5.Tokenizer.Tokenize(prompt, longTokens, truncate: true).CutOff, longTokens)
        : (family.Clips[0].Tokenizer.Tokenize(prompt, truncate: true).CutOff, family.Clips[0].Tokenizer.Length);

    /// <summary>The error for a negative prompt of a network that was distilled.</summary>
    internal static InputException NoNegative(string? negative) => new(
        nameof(negative),
        negative is null ? "nothing to lead to" : $"\"{negative}\"",
        "left out: the network was distilled with guidance, and is asked once for each step",
        "A negative prompt needs a model that was not, such as Stable Diffusion 3.");

    private ClipTextOutput Output(ClipTokenizer tokenizer, ClipTextModel model, IReadOnlyList<string> prompts, bool truncate)
    {
        bool cuts = truncate || family.Long is not null;
        return model.call(Ids(prompts.Select(prompt => tokenizer.Tokenize(prompt, cuts)), model));
    }

    private Tensor Output(SentencePieceTokenizer tokenizer, T5EncoderModel model, IReadOnlyList<string> prompts, bool truncate) =>
        model.call(Ids(prompts.Select(prompt => tokenizer.Tokenize(prompt, longTokens, truncate)), model));

    private static Tensor Ids(IEnumerable<TextTokens> texts, nn.Module model)
    {
        long[][] ids = [.. texts.Select(text => text.Ids.Select(id => (long)id).ToArray())];
        return tensor([.. ids.SelectMany(row => row)], [ids.Length, ids[0].Length], device: model.parameters().First().device);
    }

    private Costate.Condition Bundle(Tensor text, Tensor pooled) =>
        Costate.Condition.Of((PipelineTexts.Text, Wide(text)), (PipelineTexts.Pooled, Wide(pooled)));

    private Tensor Wide(Tensor states) => states.to(Precision.AtLeastSingle(dtype)).MoveToOuterDisposeScope();
}
