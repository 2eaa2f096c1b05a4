namespace Costate.Networks;

/// <summary>A text encoder of CLIP by its small files.</summary>
/// <param name="Part">Its folder's name.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Config">Its shape.</param>
internal sealed record ClipPart(string Part, ClipTokenizer Tokenizer, ClipTextConfig Config)
{
    /// <summary>The name of its tokenizer's folder.</summary>
    internal string TokenizerPart => TokenizerOf(Part);

    /// <summary>The name of the folder of a text encoder's tokenizer.</summary>
    internal static string TokenizerOf(string part) => part.Replace("text_encoder", "tokenizer", StringComparison.Ordinal);
}
