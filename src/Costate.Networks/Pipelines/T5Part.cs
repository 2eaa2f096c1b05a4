namespace Costate.Networks;

/// <summary>The text encoder T5 by its small files.</summary>
/// <param name="Part">Its folder's name.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Config">Its shape.</param>
internal sealed record T5Part(string Part, SentencePieceTokenizer Tokenizer, T5EncoderConfig Config);
