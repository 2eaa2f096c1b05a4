namespace Costate.Networks;

/// <summary>A text as a text encoder takes it.</summary>
public sealed class TextTokens
{
    internal TextTokens(IReadOnlyList<int> ids, int count, string cutOff) => (Ids, Count, CutOff) = (ids, count, cutOff);

    /// <summary>The ids: for CLIP a start, the text, an end, and padding up to a length.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>How many of them come before the padding, start and end among them.</summary>
    public int Count { get; }

    /// <summary>The words that were cut off, as the tokenizer reads them, from the first of which a part is missing; empty where all are
    /// there.</summary>
    public string CutOff { get; }
}
