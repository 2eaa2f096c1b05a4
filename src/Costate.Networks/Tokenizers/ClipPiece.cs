namespace Costate.Networks;

/// <summary>A word of a text, or what stands for one, with its ids.</summary>
internal sealed record ClipPiece(string Text, IReadOnlyList<int> Ids, bool AfterSpace);
