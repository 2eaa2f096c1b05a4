namespace Costate.Networks;

/// <summary>A text encoder of CLIP by its small files.</summary>
/// <param name="Part">Its folder's name.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Config">Its shape.</param>
internal sealed record ClipPart(string Part, ClipTokenizer Tokenizer, ClipTextConfig Config);
