using Costate.Experiments.Evaluation;
using Costate.Faces.Captions;

namespace Costate.Experiments.Generation;

/// <summary>What a model draws at one guidance scale.</summary>
/// <param name="GuidanceScale">The scale; null for real drawings.</param>
/// <param name="Attributes">How many of the attributes that prompts mention are seen, of each attribute by its name.</param>
/// <param name="AllAttributes">The same of all attributes together.</param>
/// <param name="Prompts">How many pictures show all that their prompt mentions.</param>
/// <param name="Distances">To real drawings of others; null of a single picture.</param>
/// <param name="Seconds">A picture; 0 for real drawings.</param>
internal sealed record GenerationResult(
    double? GuidanceScale,
    IReadOnlyDictionary<string, MatchRate> Attributes,
    MatchRate AllAttributes,
    MatchRate Prompts,
    FeatureDistances? Distances,
    double Seconds)
{
    /// <summary>Of pictures from one source.</summary>
    /// <param name="pictures">They.</param>
    /// <param name="distances">Their distances to drawings of others.</param>
    internal static GenerationResult Of(IReadOnlyList<GeneratedPicture> pictures, FeatureDistances? distances)
    {
        (string Attribute, bool Right)[][] all =
        [
            .. pictures.Select(p => p.Mentioned.Select(m => (m.Key, p.Seen.GetValueOrDefault(m.Key) == m.Value)).ToArray()),
        ];
        (string Attribute, bool Right)[] flat = [.. all.SelectMany(each => each)];
        return new GenerationResult(
            pictures[0].GuidanceScale,
            FaceAttribute.All.ToDictionary(a => a.Name, a => MatchRate.Of(flat.Where(f => f.Attribute == a.Name).Select(f => f.Right))),
            MatchRate.Of(flat.Select(f => f.Right)),
            MatchRate.Of(all.Select(each => each.All(f => f.Right))),
            distances,
            pictures[0].GuidanceScale is null ? 0 : pictures.Average(p => p.Seconds));
    }
}
