using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Makes conditions of texts for PixArt: T5's states, and which of them are of the text. A text is read in lower case, as
/// published.</summary>
internal sealed class MaskedTexts(PixArtFamily family, T5EncoderModel model, ScalarType dtype) : IPipelineTexts
{
    public Costate.Condition Of(IReadOnlyList<string> prompts, int clipSkip, bool truncate, PictureSizes? sizes)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
        {
            throw new InputException(nameof(prompts), "no texts", "one for each item of the batch", "The empty text stands for none.");
        }

        if (clipSkip != 0)
        {
            throw new InputException(nameof(clipSkip), $"{clipSkip}", "0: the text is not read by CLIP");
        }

        if (sizes is not null)
        {
            throw new InputException(nameof(sizes), $"{sizes}", "left out", "The network is told the size of the picture itself.");
        }

        using DisposeScope scope = NewDisposeScope();
        TextTokens[] texts = [.. prompts.Select(prompt => Tokens(prompt, truncate))];
        Device device = model.parameters().First().device;
        long[] shape = [texts.Length, family.LongTokens];
        Tensor ids = tensor([.. texts.SelectMany(text => text.Ids).Select(id => (long)id)], shape, device: device);
        float[] seen = [.. texts.SelectMany(text => Enumerable.Range(0, family.LongTokens).Select(i => i < text.Count ? 1f : 0))];
        Tensor mask = tensor(seen, shape, device: device);
        ScalarType wide = Precision.AtLeastSingle(dtype);
        return Costate.Condition.Of(
            (PipelineTexts.Text, model.forward(ids, mask).to(wide).MoveToOuterDisposeScope()),
            (PixArtFamily.Mask, mask.to(wide).MoveToOuterDisposeScope()));
    }

    public Costate.Condition Negative(string? negative, bool truncate) => Of([negative ?? ""], clipSkip: 0, truncate, sizes: null);

    public (string Lost, int Length) CutOff(string prompt) => (Tokens(prompt, truncate: true).CutOff, family.LongTokens);

    private TextTokens Tokens(string prompt, bool truncate) =>
        family.Long.Tokenizer.Tokenize(prompt.ToLowerInvariant().Trim(), family.LongTokens, truncate);
}
