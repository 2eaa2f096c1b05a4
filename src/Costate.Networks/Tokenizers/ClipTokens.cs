namespace Costate.Networks;

/// <summary>A text as a text encoder of CLIP takes it.</summary>
public sealed class ClipTokens
{
    internal ClipTokens(IReadOnlyList<int> ids, int count, string cutOff) => (Ids, Count, CutOff) = (ids, count, cutOff);

    /// <summary>The ids: start, text, end, padding; <see cref="ClipTokenizer.Length"/> of them.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>How many of them come before the padding, start and end among them.</summary>
    public int Count { get; }

    /// <summary>The words that were cut off, in lower case, from the first of which a part is missing; empty where all are there.</summary>
    public string CutOff { get; }
}
