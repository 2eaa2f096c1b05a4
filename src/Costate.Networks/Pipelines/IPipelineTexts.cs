namespace Costate.Networks;

/// <summary>Makes conditions of what a pipeline is told in words.</summary>
internal interface IPipelineTexts
{
    /// <summary>The condition of texts, one for each item.</summary>
    Costate.Condition Of(IReadOnlyList<string> prompts, int clipSkip, bool truncate, PictureSizes? sizes);

    /// <summary>The condition of a negative text, [1, ...]; null for none.</summary>
    Costate.Condition Negative(string? negative, bool truncate);

    /// <summary>What of a text is cut off, in words, and how many tokens there is room for.</summary>
    (string Lost, int Length) CutOff(string prompt);
}
