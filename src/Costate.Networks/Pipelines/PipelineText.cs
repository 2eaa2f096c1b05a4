namespace Costate.Networks;

/// <summary>A text encoder of a pipeline, without its weights.</summary>
/// <param name="Part">The name of its folder.</param>
/// <param name="Tokenizer">What makes ids for it.</param>
/// <param name="Config">Its shape.</param>
internal sealed record PipelineText(string Part, ClipTokenizer Tokenizer, ClipTextConfig Config)
{
    /// <summary>The name of its tokenizer's folder.</summary>
    internal string TokenizerPart => TokenizerOf(Part);

    /// <summary>The name of the folder of a text encoder's tokenizer.</summary>
    internal static string TokenizerOf(string part) => part.Replace("text_encoder", "tokenizer", StringComparison.Ordinal);
}
