using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Generation;

/// <summary>What a model draws at one guidance scale.</summary>
/// <param name="GuidanceScale">The scale; null for real drawings.</param>
/// <param name="Attributes">How many of the attributes that prompts mention are seen, of each attribute by its name.</param>
/// <param name="AllAttributes">The same of all attributes together.</param>
/// <param name="Prompts">How many pictures show all that their prompt mentions.</param>
/// <param name="Distances">To real drawings.</param>
internal sealed record GenerationResult(
    double? GuidanceScale,
    IReadOnlyDictionary<string, MatchRate> Attributes,
    MatchRate AllAttributes,
    MatchRate Prompts,
    FeatureDistances Distances);
