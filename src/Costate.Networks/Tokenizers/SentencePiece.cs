namespace Costate.Networks;

/// <summary>A piece of a SentencePiece vocabulary.</summary>
/// <param name="Text">Its bytes in UTF-8.</param>
/// <param name="Score">The logarithm of its probability.</param>
/// <param name="Kind">What it stands for.</param>
internal sealed record SentencePiece(byte[] Text, float Score, SentencePieceKind Kind);
